/**
 * Takes the pictures that the README and the guide show into docs/explorer/. The model is the trained one of the tests,
 * so that pictures mean something.
 */
import { mkdir, writeFile } from "node:fs/promises";
import path from "node:path";
import { newPage, PHONE, startBrowser } from "./support/browser.mjs";
import { addressOf, settled } from "./support/explorer.mjs";
import { explore, trained, workspace } from "./support/program.mjs";

const folder = path.join(workspace, "docs/explorer");
const WIDE = { viewport: { width: 1440, height: 880 } };
const LARGEST = 250 * 1024;

/** A network that has yet to learn, for the pictures of a training. */
const UNTRAINED = `Sequential([
  Input((32, 32, 3)), Rescaling(1 / 255),
  Conv2D(16, 5, padding="same", activation="relu"), MaxPooling2D(),
  Conv2D(32, 3, padding="same", activation="relu"), MaxPooling2D(),
  Conv2D(64, 3, padding="same", activation="relu"), GlobalAveragePooling2D(),
  Dense(10, activation="softmax"),
], name="photos")`;

/** What is done on a page before its picture is taken. */
const doings = {
  async epochsOfTraining(page) {
    await page.getByLabel("Data").selectOption("photos");
    await page.getByLabel("Epochs").fill("6");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText("Trained", { exact: true }).waitFor({ timeout: 120_000 });
    await page.getByRole("heading", { name: "What is taken for what" }).waitFor();
  },
  async blockOfResNet(page) {
    const search = page.getByRole("combobox", { name: "Find a layer" });
    await search.fill("conv2_block1_2_conv");
    await search.press("Enter");
    await page.getByRole("heading", { name: "conv2_block1_2_conv" }).waitFor();
    await search.fill("");
    await search.blur();
    for (let step = 0; step < 2; step++)
      await page.getByRole("button", { name: "Farther" }).click();
    await page.mouse.move(0, 0);
  },
  async attributions(page) {
    await page.getByRole("img", { name: /^Occlusion for/ }).waitFor({ timeout: 120_000 });
  },
};

const SHOTS = [
  { name: "convolve", view: "convolve", query: "layer=conv2d&filter=3&at=13,9&input=photo-cat" },
  {
    name: "convolve-dark",
    view: "convolve",
    query: "layer=conv2d&filter=3&at=13,9&input=photo-cat",
    options: { colorScheme: "dark" },
  },
  {
    name: "convolve-phone",
    view: "convolve",
    query: "layer=conv2d&filter=3&at=13,9&input=photo-cat",
    options: { ...PHONE, deviceScaleFactor: 2 },
  },
  { name: "filters", view: "filters", query: "layer=conv2d_1&filter=9&channel=3" },
  {
    name: "feature-maps",
    view: "feature-maps",
    query: "input=photo-raccoon",
  },
  {
    name: "why",
    view: "why",
    query: "input=photo-cat&methods=grad_cam,saliency,occlusion",
    prepare: doings.attributions,
  },
  { name: "train", view: "train", model: UNTRAINED, prepare: doings.epochsOfTraining },
  {
    name: "resnet50",
    view: "model",
    model: "app:ResNet50",
    prepare: doings.blockOfResNet,
  },
];

const browser = await startBrowser();
await mkdir(folder, { recursive: true });
try {
  for (const source of new Set(SHOTS.map(({ model }) => model ?? trained))) {
    const server = await explore(source);
    try {
      for (const shot of SHOTS.filter(({ model }) => (model ?? trained) === source))
        await take(shot, server.url);
    } finally {
      await server.stop();
    }
  }
} finally {
  await browser.close();
}

async function take({ name, view, query = "", options = {}, prepare }, url) {
  const { page, failures } = await newPage(browser, { ...WIDE, ...options });
  await page.goto(addressOf(url, view, query));
  await settled(page);
  await prepare?.(page);
  await page.waitForLoadState("networkidle");
  const file = path.join(folder, `${name}.png`);
  const picture = await page.screenshot({ animations: "disabled" });
  await page.context().close();
  if (failures.length > 0) throw new Error(`${name}: ${failures.join("\n")}`);
  if (picture.length > LARGEST)
    throw new Error(`${file}: ${picture.length} bytes, over ${LARGEST}`);
  await writeFile(file, picture);
}
