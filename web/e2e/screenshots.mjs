/**
 * Takes the pictures that the README and the guide show into docs/explorer/. The model is the trained one of the tests,
 * so that pictures mean something.
 */
import { mkdir, stat } from "node:fs/promises";
import path from "node:path";
import { newPage, PHONE, startBrowser } from "./support/browser.mjs";
import { addressOf, settled } from "./support/explorer.mjs";
import { explore, trained, workspace } from "./support/program.mjs";

const folder = path.join(workspace, "docs/explorer");
const WIDE = { viewport: { width: 1280, height: 800 } };
const LARGEST = 250 * 1024;

/** What is done on a page before its picture is taken. */
const doings = {
  async epochsOfTraining(page) {
    await page.getByLabel("Data").selectOption("photos");
    await page.getByLabel("Epochs").fill("3");
    await page.getByRole("button", { name: "Train", exact: true }).click();
    await page.getByText("Trained", { exact: true }).waitFor({ timeout: 120_000 });
    await page.getByRole("heading", { name: "What is taken for what" }).waitFor();
  },
  async attributions(page) {
    await page.getByText(/^The map adds up to/).waitFor({ timeout: 120_000 });
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
  { name: "filters", view: "filters", query: "layer=conv2d&filter=3&input=photo-cat" },
  {
    name: "feature-maps",
    view: "feature-maps",
    query: "layer=conv2d&map=3&input=photo-raccoon",
  },
  {
    name: "why",
    view: "why",
    query: "input=photo-cat&methods=grad_cam,smooth_grad,integrated_gradients",
    prepare: doings.attributions,
  },
  { name: "train", view: "train", prepare: doings.epochsOfTraining },
  { name: "resnet50", view: "model", model: "app:ResNet50" },
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
  await page.evaluate(() => globalThis.scrollTo(0, 0));
  const file = path.join(folder, `${name}.png`);
  await page.screenshot({ path: file, animations: "disabled" });
  await page.context().close();
  if (failures.length > 0) throw new Error(`${name}: ${failures.join("\n")}`);
  const { size } = await stat(file);
  if (size > LARGEST) throw new Error(`${file} has ${size} bytes, more than ${LARGEST}`);
}
