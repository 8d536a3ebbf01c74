import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { pathToFileURL } from "node:url";
import { newPage, startBrowser } from "./support/browser.mjs";
import { settled } from "./support/explorer.mjs";
import { dichroic, photo, results, trained } from "./support/program.mjs";

const file = path.join(results, "exported.html");
const address = pathToFileURL(file).href;
let browser;

before(async () => {
  await dichroic("explore", trained, "--image", photo("cat"), "--export", file);
  browser = await startBrowser();
});
after(() => browser?.close());

test("an exported file shows the first four views and asks the network for nothing", async () => {
  const { page, failures } = await newPage(browser);
  const asked = [];
  page.on("request", (request) => asked.push(request.url().split("#")[0]));
  for (const [view, sign] of [
    ["model", page.getByText("25,002").first()],
    ["filters", page.getByText(/kernels of 5×5/).first()],
    ["convolve", page.getByText(/^output \(/)],
    [
      "feature-maps",
      page.getByRole("region", { name: "What the network says" }).getByRole("listitem").first(),
    ],
  ]) {
    await page.goto(`${address}#/${view}/main`);
    await settled(page);
    await sign.waitFor();
  }
  await page.context().close();
  assert.deepEqual(
    [...new Set(asked)].filter((url) => !/^(data|blob):/.test(url)),
    [address],
  );
  assert.deepEqual(failures, []);
});
