import assert from "node:assert/strict";
import { test } from "node:test";
import { explorer } from "./support/explorer.mjs";
import { dichroicJson, trained } from "./support/program.mjs";

const { open } = explorer(trained);
const rowsOf = (page) =>
  page.getByRole("figure").first().getByRole("list").first().getByRole("listitem");

test("every way of sharing is counted as the program counts it", async () => {
  const page = await open("what-if", "layer=conv2d");
  const { variants } = await dichroicJson("what-if", trained, "--layer", "conv2d");
  const rows = rowsOf(page);
  await rows.nth(variants.length - 1).waitFor();
  assert.equal(await rows.count(), variants.length);
  for (const [place, { name, params }] of variants.entries()) {
    const text = await rows.nth(place).innerText();
    assert.ok(text.includes(name), `${text} is not ${name}`);
    assert.ok(text.includes(params.toLocaleString("en")), `${text} does not say ${params}`);
  }
});

test("every way is trained for an epoch, and says how well it does", async () => {
  const page = await open("what-if", "layer=conv2d");
  await page.getByLabel("Data").selectOption("photos");
  await page.getByLabel("Epochs").fill("1");
  await page.getByRole("button", { name: "Train each" }).click();
  await page.getByRole("button", { name: "Stop", exact: true }).waitFor();
  await page.getByRole("button", { name: "Train each" }).waitFor({ timeout: 90_000 });
  const rows = rowsOf(page);
  for (const row of await rows.all())
    assert.match(await row.innerText(), /test accuracy|not trained/);
  await page.getByRole("group", { name: /^accuracy: own kernel/ }).waitFor();
});
