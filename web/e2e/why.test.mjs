import assert from "node:assert/strict";
import { test } from "node:test";
import { choose, explorer } from "./support/explorer.mjs";
import { trained } from "./support/program.mjs";

const { open } = explorer(trained);

test("Grad-CAM comes to its end and says which class and which maps it is about", async () => {
  const page = await open("why", "input=photo-cat&methods=grad_cam");
  const picture = page.getByRole("img", { name: /^Grad-CAM for cat, whose score is/ });
  await picture.waitFor();
  await page.getByText(/^Looks at the maps of conv2d/).waitFor();
});

test("integrated gradients add up to the rise of the score", async () => {
  const page = await open("why", "input=photo-cat&methods=integrated_gradients");
  const sentence = page.getByText(/^The map adds up to/);
  await sentence.waitFor();
  const [sum, expected] = (await sentence.innerText())
    .match(/[−\d.]+\d/g)
    .map((text) => Number(text.replace("−", "-")));
  assert.ok(Math.abs(sum - expected) < 0.05 * Math.abs(expected), `${sum} and ${expected}`);
});

test("a filter's favourite input grows step by step", async () => {
  const page = await open("why", "layer=conv2d");
  await choose(page, "Question", "What excites a filter?");
  await page.getByRole("button", { name: "Start", exact: true }).click();
  await page.getByText(/^Step \d+ of \d+/).waitFor();
});
