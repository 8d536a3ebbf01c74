import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, explorer } from "./support/explorer.mjs";

const { open } = explorer("app:ResNet50");

test("ResNet-50's blocks are folded, open, and fold again", async () => {
  const page = await open("model");
  await page.getByText("25,636,712").first().waitFor();
  const graph = page.getByRole("application", { name: /ResNet50.*layers/i });
  const folded = await graph.screenshot();
  await choose(page, "Groups", "All open");
  assert.match(page.url(), /open=all/);
  assert.notDeepEqual(await graph.screenshot(), folded);
  await choose(page, "Groups", "Folded");
  await page.waitForURL((url) => !url.hash.includes("open=all"));
});

test("a layer is found by a part of its name, and its counts are shown", async () => {
  const page = await open("model");
  const search = page.getByRole("combobox", { name: "Find a layer" });
  await search.waitFor();
  await page.keyboard.press("/");
  await page.waitForFunction(() => globalThis.document.activeElement?.role === "combobox");
  await page.keyboard.type("conv4_block2_2_conv");
  await page.getByRole("listbox", { name: "Find a layer" }).getByRole("option").first().waitFor();
  await page.keyboard.press("Enter");
  await page.waitForURL(/layer=conv4_block2_2_conv/);
  await page.getByText("590,080").first().waitFor();
  await page.getByRole("button", { name: "See its filters" }).click();
  await page.getByText("256 filters × 256 channels = 65,536 kernels of 3×3").first().waitFor();
});
