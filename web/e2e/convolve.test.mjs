import { setTimeout as pause } from "node:timers/promises";
import assert from "node:assert/strict";
import { test } from "node:test";
import { explorer } from "./support/explorer.mjs";
import { shownNumber, sameNumber } from "./support/numbers.mjs";
import { dichroicJson, photo, trained } from "./support/program.mjs";

const FILTER = 3;
const picture = photo("cat");
const { open } = explorer(trained, "--image", picture);

/** The trace of one output value as the program explains it. */
async function explained(layer, at) {
  const where = ["--layer", layer, "--filter", String(FILTER), "--at", at.join(",")];
  const { trace } = await dichroicJson("explain", trained, ...where, "--image", picture);
  return trace;
}

const outputOf = (page) => page.getByRole("application", { name: /^Feature map \d+,/ });
const inputOf = (page) =>
  page.getByRole("application", { name: /^Input channel \d+ with its padding/ });
const progressOf = (page) =>
  page.getByRole("group", { name: "Walk over the map" }).getByText(/ of /).first();

/** Waits until the numbers on the page are those of a position. */
async function arrivedAt(page, at) {
  await page.getByText(`output (${at.join(", ")})`, { exact: true }).waitFor();
}

/** The rows of the table of all numbers: channel, place in the kernel, place in the input, value, weight, product. */
async function tableOf(page) {
  await page.getByText("All numbers of this output value as a table").click();
  const rows = page.getByRole("table").getByRole("row");
  await rows.nth(1).waitFor();
  const cells = await rows.evaluateAll((all) =>
    all.map((row) => [...row.cells].map((cell) => cell.innerText)),
  );
  return cells.slice(1);
}

/** What the list of definitions says beside a term. */
function definition(page, term) {
  return page.locator("dt", { hasText: term }).locator("xpath=following-sibling::dd[1]");
}

const at = (layer, position) =>
  `layer=${layer}&filter=${FILTER}&at=${position.join(",")}&input=image-0`;

for (const layer of ["conv2d", "conv2d_1"])
  test(`a step by keyboard shows the numbers that the program explains, in ${layer}`, async () => {
    const page = await open("convolve", at(layer, [5, 6]));
    await outputOf(page).focus();
    await page.keyboard.press("ArrowRight");
    await arrivedAt(page, [5, 7]);
    const trace = await explained(layer, [5, 7]);

    const wanted = trace.channels.flatMap(({ patch, kernel, products }) => {
      const [x, w, p] = [patch, kernel, products].map((numbers) => numbers.flat(Infinity));
      return x.map((value, cell) => [value, w[cell], p[cell]]);
    });
    const shown = (await tableOf(page)).map((row) => row.slice(3));
    assert.equal(shown.length, wanted.length);
    wanted.forEach((numbers, row) =>
      numbers.forEach((number, column) => sameNumber(shown[row][column], number)),
    );

    const rows = await page.locator("li[data-channel]").all();
    assert.ok(rows.length > 0);
    for (const row of rows) {
      const channel = Number(await row.getAttribute("data-channel"));
      sameNumber(
        await row.locator("[data-value]").first().innerText(),
        trace.channels[channel].sum,
      );
    }
    sameNumber(await definition(page, "sum over").locator("b").innerText(), trace.sum);
    sameNumber(await definition(page, "+ bias").locator("span").innerText(), trace.bias);
    sameNumber(await definition(page, "+ bias").locator("b").innerText(), trace.total);
    sameNumber(await definition(page, "output (5, 7)").innerText(), trace.value);
  });

/** The channels that stand there with their sums, once two looks in a row find the same ones. */
async function standing(rows) {
  for (let before = ""; ;) {
    const shown = await rows.evaluateAll((all) =>
      all.map((row) => [Number(row.dataset.channel), row.querySelector("[data-value]").innerText]),
    );
    const now = JSON.stringify(shown);
    if (shown.length > 0 && now === before) return shown;
    before = now;
    await pause(150);
  }
}

test("every channel's sum can be reached, also where there are many", async () => {
  const page = await open("convolve", at("conv2d_1", [4, 4]));
  const { channels } = await explained("conv2d_1", [4, 4]);
  const seen = new Set();
  const rows = page.locator("li[data-channel]");
  const next = page.getByRole("button", { name: "Next channels →" });
  for (;;) {
    const shown = await standing(rows);
    for (const [channel, sum] of shown) {
      sameNumber(sum, channels[channel].sum);
      seen.add(channel);
    }
    if (!(await next.isVisible()) || (await next.isDisabled())) break;
    await next.click();
    await page.locator(`li[data-channel="${shown[0][0]}"]`).waitFor({ state: "detached" });
  }
  assert.equal(seen.size, channels.length);
});

test("the space bar plays, the button pauses, and the window stays where it was stopped", async () => {
  const page = await open("convolve", at("conv2d", [0, 0]));
  await outputOf(page).focus();
  const first = await progressOf(page).innerText();
  await page.keyboard.press(" ");
  const pause = page.getByRole("button", { name: "Pause" });
  await pause.waitFor();
  await page.waitForFunction((text) => !globalThis.document.body.innerText.includes(text), first);
  await pause.click();
  await page.getByRole("button", { name: "Play" }).waitFor();
  const stopped = await progressOf(page).innerText();
  await page.waitForURL((url) => !url.hash.includes("at=0,0"));
  assert.equal(await progressOf(page).innerText(), stopped);
});

test("a click on an output value moves the window there", async () => {
  const page = await open("convolve", at("conv2d", [0, 0]));
  const output = outputOf(page);
  const [, rows, columns] = (await output.getAttribute("aria-label"))
    .match(/(\d+) × (\d+)/)
    .map(Number);
  const box = await output.boundingBox();
  const position = { x: (7.5 / columns) * box.width, y: (9.5 / rows) * box.height };
  await output.click({ position });
  await arrivedAt(page, [9, 7]);
});

test("a click on an input value tells it and which outputs it feeds", async () => {
  const page = await open("convolve", `${at("conv2d", [12, 12])}&show=channel&channel=0`);
  const box = await inputOf(page).boundingBox();
  await inputOf(page).click({ position: { x: box.width / 2, y: box.height / 2 } });
  const sentence = await page.getByText(/^Input \(.*It feeds/).innerText();
  const [, place, value, count] = sentence.match(
    /^Input (\(.*?\)) of channel 0 is (.*?)\. .*feeds (\d+) values/,
  );
  assert.equal(count, "25");
  const [row, column] = place.match(/\d+/g).map(Number);
  const { channels } = await explained("conv2d", [row, column]);
  const patch = channels[0].patch.flat();
  assert.ok(
    patch.some((number) => Math.abs(number - shownNumber(value)) < 1e-6),
    `${value} is not in the patch around ${place}`,
  );
});
