import assert from "node:assert/strict";
import { test } from "node:test";
import { explorer, settled } from "./support/explorer.mjs";
import { trained } from "./support/program.mjs";

const { open } = explorer(trained);

test("the address holds what a view shows: reloaded, it shows the same", async () => {
  const page = await open("convolve", "layer=conv2d_1&filter=4&at=3,8&input=photo-rocket");
  const heading = page.getByRole("heading", { name: /^Filter 4:/ });
  const output = page.getByText("output (3, 8)", { exact: true });
  await Promise.all([heading.waitFor(), output.waitFor()]);
  const before = await page.getByRole("main").innerText();
  await page.reload();
  await settled(page);
  await Promise.all([heading.waitFor(), output.waitFor()]);
  assert.equal(await page.getByRole("main").innerText(), before);
});

test("the page speaks Chinese at a click, and still after a reload", async () => {
  const page = await open("filters");
  await page.getByRole("button", { name: "中文" }).click();
  await page.getByRole("heading", { level: 1, name: "过滤器" }).waitFor();
  await page.reload();
  await page.getByRole("heading", { level: 1, name: "过滤器" }).waitFor();
  assert.equal(await page.locator("html").getAttribute("lang"), "zh-CN");
});

test("the browser's language is the page's", async () => {
  const page = await open("filters", "", { locale: "zh-CN" });
  await page.getByRole("heading", { level: 1, name: "过滤器" }).waitFor();
});

test("dark colours come at a click, and stay after a reload", async () => {
  const page = await open("filters");
  const ground = () =>
    page.locator("html").evaluate((root) => globalThis.getComputedStyle(root).backgroundColor);
  const light = await ground();
  await page.getByRole("button", { name: "Dark colours" }).click();
  const dark = await ground();
  assert.notEqual(dark, light);
  await page.reload();
  await settled(page);
  assert.equal(await ground(), dark);
});

test("a phone's width has no sideways scrolling in any view", async () => {
  for (const view of [
    "model",
    "filters",
    "convolve",
    "feature-maps",
    "why",
    "what-if",
    "train",
    "paste",
  ]) {
    const page = await open(view, "", {
      viewport: { width: 360, height: 740 },
      hasTouch: true,
      isMobile: true,
    });
    const width = await page.evaluate(() => globalThis.document.documentElement.scrollWidth);
    assert.ok(width <= 360, `${view} is ${width} wide`);
  }
});
