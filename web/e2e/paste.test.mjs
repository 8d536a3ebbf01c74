import assert from "node:assert/strict";
import { test } from "node:test";
import { explorer } from "./support/explorer.mjs";

/** The network of the question that began it all. */
const SEED = `from keras.models import Sequential
from keras.layers import Conv2D

model = Sequential()
model.add(Conv2D(32, input_shape=(28, 28, 3),
          kernel_size=(5, 5),
          padding='same',
          use_bias=False))
model.add(Conv2D(17, (3, 3), padding='same', use_bias=False))
model.add(Conv2D(13, (3, 3), padding='same', use_bias=False))
model.add(Conv2D(7, (3, 3), padding='same', use_bias=False))
model.compile(loss='categorical_crossentropy', optimizer='adam')
`;

const { open, forgive } = explorer("--input", "9,9,5", "Conv2D(56, 4)");

async function paste(page, code) {
  const editor = page.getByRole("textbox", { name: "Keras code" });
  await editor.click();
  await page.keyboard.press("Control+a");
  await page.keyboard.insertText(code);
  await page.getByRole("button", { name: "Run", exact: true }).click();
}

test("pasted code becomes a model whose first layer has 2,400 weights, and 10,104 parameters in total", async () => {
  const page = await open("paste");
  await paste(page, SEED);
  const layers = page.getByRole("table", { name: "Layers of the model" });
  const first = layers.getByRole("row").filter({ hasText: "2,400" });
  await first.waitFor();
  const text = await first.innerText();
  assert.match(text, /32 filters × 3 .*5×5/);
  await page.locator("main").getByText("10,104").waitFor();
  assert.match(page.url(), /#\/paste\/p-/);
});

test("every other view follows the pasted model", async () => {
  const page = await open("paste");
  await paste(page, SEED);
  await page.locator("main").getByText("10,104").waitFor();
  await page.getByRole("button", { name: "See its kernels" }).click();
  await page
    .getByText("32 filters × 3 channels = 96 kernels of 5×5, 2,400 weights")
    .first()
    .waitFor();
});

test("an error in the code is marked at its line", async () => {
  const page = await open("paste");
  await paste(page, SEED.replace("Conv2D(13,", "Conv2E(13,"));
  const place = page.getByRole("button", { name: /^Line 10, column/ });
  await place.waitFor();
  forgive(/status of 4\d\d/);
  const marked = page.locator(".cm-lintRange-error");
  assert.match(await marked.innerText(), /Conv2E/);
});
