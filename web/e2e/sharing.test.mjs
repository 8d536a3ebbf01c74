import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, explorer } from "./support/explorer.mjs";

// Without a model the program shows four plain convolutions, the first of 2,400 weights.
const { open } = explorer();

function parameters(page) {
  return page.locator("dt", { hasText: /^Parameters$/ }).locator("xpath=following-sibling::dd[1]");
}

for (const [sharing, count] of [
  ["across channels", "800"],
  // Ten filters for each of the three channels: as near to 32 filters as it can be.
  ["depthwise", "750"],
])
  test(`with kernels shared ${sharing} the first layer has ${count} weights`, async () => {
    const page = await open("convolve", "layer=conv2d");
    await parameters(page).getByText("2,400", { exact: true }).waitFor();
    await choose(page, "Sharing of weights", sharing);
    await parameters(page).getByText(count, { exact: true }).waitFor();
    await page.getByText("in the model 2,400").waitFor();
    await page.getByRole("button", { name: "As in the model" }).click();
    await parameters(page).getByText("2,400", { exact: true }).waitFor();
  });

test("colours of the tied kernels are told in words: one kernel for all channels of a filter", async () => {
  const page = await open("convolve", "layer=conv2d");
  await choose(page, "Sharing of weights", "across channels");
  const ties = page.getByRole("application", { name: /32 different kernels/ });
  await ties.waitFor();
  assert.match(await page.locator("main").innerText(), /uses this kernel on 3 input channels/);
});

test("stride, padding and kernel size change shapes and counts on the spot", async () => {
  const page = await open("convolve", "layer=conv2d");
  await page.getByRole("button", { name: "Kernel size: one less" }).click();
  await parameters(page).getByText("1,536", { exact: true }).waitFor();
  await page.getByRole("button", { name: "Strides: one more" }).click();
  await page.getByText("14 × 14 × 32").first().waitFor();
});

test("the ways of sharing are side by side: 2,400, 800, and 75 where a channel has one filter", async () => {
  const page = await open("what-if", "layer=conv2d");
  for (const [way, count] of [
    ["own kernel for each pair", "2,400"],
    ["one kernel a filter", "800"],
    ["depthwise, 1 filter a channel", "75"],
  ]) {
    const row = page.getByRole("listitem").filter({ hasText: way });
    await row.getByText(count, { exact: true }).waitFor();
  }
});
