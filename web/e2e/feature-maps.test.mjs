import assert from "node:assert/strict";
import { test } from "node:test";
import { explorer } from "./support/explorer.mjs";
import { dichroicJson, photo, trained } from "./support/program.mjs";

const { open } = explorer(trained);

async function upload(page, file) {
  const chooser = page.waitForEvent("filechooser");
  await page.getByRole("button", { name: "Open a picture…" }).click();
  await (await chooser).setFiles(file);
  await page.waitForURL(/input=up-/);
}

const best = (page) =>
  page.getByRole("region", { name: "What the network says" }).getByRole("listitem").first();

test("a picture that is opened goes through every layer to the right class", async () => {
  const page = await open("feature-maps");
  await upload(page, photo("raccoon"));
  await best(page).getByText("raccoon").waitFor();
  const { layers } = await dichroicJson("summary", trained);
  assert.ok(layers.length > 3);
  for (const { name } of layers.filter(({ type }) => type !== "InputLayer"))
    await page.getByRole("region", { name, exact: true }).waitFor();
});

test("a map leads to the filter that made it", async () => {
  const page = await open("feature-maps", "layer=conv2d&map=2&input=photo-cat");
  await page.getByRole("button", { name: "See filter 2 of conv2d" }).click();
  await page.getByRole("region", { name: "Filter 2" }).waitFor();
  assert.match(page.url(), /#\/filters\/.*filter=2/);
});

test("the keyboard chooses a map", async () => {
  const page = await open("feature-maps", "input=photo-cat");
  await page.getByRole("application", { name: /^Feature maps 0 to .* of conv2d\./ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Feature map 1 of conv2d", exact: true }).waitFor();
});

test("a link to a layer leads to its heading, whatever is loaded above it", async () => {
  const page = await open("feature-maps", "layer=conv2d&input=photo-cat");
  await page.waitForLoadState("networkidle");
  const { y } = await page.getByRole("heading", { name: "conv2d", exact: true }).boundingBox();
  const navigation = await page.getByRole("navigation").boundingBox();
  assert.ok(y >= navigation.y + navigation.height && y < 200, `the heading is at ${y}`);
});
