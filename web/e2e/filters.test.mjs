import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, explorer } from "./support/explorer.mjs";
import { trained } from "./support/program.mjs";

const { open } = explorer(trained);
const sheetOf = (page) => page.getByRole("application", { name: /kernels of/ });

test("the same weights are shown as separate kernels, as blocks, and in colour", async () => {
  const page = await open("filters", "layer=conv2d");
  const pictures = [];
  for (const [name, says] of [
    ["Separate kernels", /A column is a filter/],
    ["One block a filter", /The same weights/],
    ["In colour", /red, green and blue/],
  ]) {
    await choose(page, "Picture", name);
    await page.getByText(says).waitFor();
    pictures.push((await sheetOf(page).screenshot()).toString("base64"));
  }
  assert.equal(new Set(pictures).size, 3);
});

test("filters are sorted by norm: the first that the keyboard reaches has the largest", async () => {
  const page = await open("filters", "layer=conv2d");
  await choose(page, "Order", "By norm");
  await sheetOf(page).focus();
  const norms = [];
  for (const key of ["Home", "ArrowRight", "ArrowRight", "End"]) {
    await page.keyboard.press(key);
    const norm = page.locator("dt", { hasText: "Norm" }).locator("xpath=following-sibling::dd[1]");
    norms.push(Number(await norm.innerText()));
  }
  assert.deepEqual(
    norms,
    norms.toSorted((a, b) => b - a),
  );
});

test("the weight under the pointer is that of the table, once its kernel is chosen", async () => {
  const page = await open("filters", "layer=conv2d&picture=kernels");
  const box = await sheetOf(page).boundingBox();
  const position = { x: box.width / 3, y: Math.min(60, box.height / 2) };
  await sheetOf(page).hover({ position });
  const readout = await page.getByText(/^Filter \d+, channel/).innerText();
  const [, filter, row, column, value] = readout.match(
    /^Filter (\d+), channel \d+, place (\d+), (\d+): (.*)$/,
  );
  await sheetOf(page).click({ position });
  await page.getByRole("region", { name: `Filter ${filter}`, exact: true }).waitFor();
  const cell = page
    .getByRole("table", { name: "Weights of the kernel" })
    .getByRole("row")
    .nth(+row)
    .getByRole("cell")
    .nth(+column);
  const exact = Number(await cell.getAttribute("title"));
  assert.ok(Math.abs(exact - Number(value.replaceAll("−", "-"))) < 1e-6, `${value} and ${exact}`);
});

test("a filter's button leads to where it convolves", async () => {
  const page = await open("filters", "layer=conv2d&filter=5");
  await page.getByRole("button", { name: "Watch it convolve" }).click();
  await page.getByRole("heading", { name: /^Filter 5: 3 kernels/ }).waitFor();
});
