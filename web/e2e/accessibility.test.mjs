import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { test } from "node:test";
import { PHONE } from "./support/browser.mjs";
import { explorer } from "./support/explorer.mjs";
import { trained } from "./support/program.mjs";

const axe = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const VIEWS = ["model", "filters", "convolve", "feature-maps", "why", "what-if", "train", "paste"];
const { open } = explorer(trained);

/** What axe-core finds serious or critical: the rule, the element, and why. */
async function findings(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() =>
    globalThis.axe.run({ resultTypes: ["violations"] }),
  );
  return violations
    .filter(({ impact }) => ["serious", "critical"].includes(impact))
    .flatMap(({ id, nodes }) =>
      nodes.map(({ target, failureSummary }) => `${id}: ${target.join(" ")}: ${failureSummary}`),
    );
}

for (const colorScheme of ["light", "dark"])
  for (const view of VIEWS)
    test(`axe-core finds nothing serious in the view ${view}, ${colorScheme}`, async () => {
      const page = await open(view, "input=photo-cat", { colorScheme });
      assert.deepEqual(await findings(page), []);
    });

for (const view of VIEWS)
  test(`axe-core finds nothing serious in the view ${view} on a phone`, async () => {
    const page = await open(view, "input=photo-cat", PHONE);
    assert.deepEqual(await findings(page), []);
  });
