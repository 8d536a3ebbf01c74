/** One `dichroic explore` and one browser for the tests of a file. */
import assert from "node:assert/strict";
import { after, afterEach, before } from "node:test";
import { newPage, startBrowser } from "./browser.mjs";
import { explore } from "./program.mjs";

/**
 * Starts both before the file's tests and ends them after. The answer opens views: `open("filters", "layer=conv2d")`
 * gives a fresh page once the view is there. After each test its page must have had no failure.
 */
export function explorer(...args) {
  const running = {};
  let opened = [];
  before(async () => {
    [running.server, running.browser] = await Promise.all([explore(...args), startBrowser()]);
  });
  afterEach(async () => {
    const pages = opened;
    opened = [];
    await Promise.all(pages.map(({ page }) => page.context().close()));
    for (const { failures } of pages) assert.deepEqual(failures, []);
  });
  after(async () => {
    await running.browser?.close();
    await running.server?.stop();
  });
  return {
    address: (view, query = "", model = "") => addressOf(running.server.url, view, query, model),
    async open(view, query = "", { model = "", ...options } = {}) {
      const one = await newPage(running.browser, options);
      opened.push(one);
      await one.page.goto(addressOf(running.server.url, view, query, model));
      await settled(one.page);
      return one.page;
    },
    /** For tests in which the page is told of an error: the browser reports failed requests too. */
    forgive: (pattern) => {
      for (const { failures } of opened)
        failures.splice(0, Infinity, ...failures.filter((failure) => !pattern.test(failure)));
    },
  };
}

/** A view's address. */
export function addressOf(base, view, query, model = "") {
  return `${base.replace(/\/$/, "")}/#/${view}/${model}${query && `?${query}`}`;
}

/** Waits until the view is drawn and nothing is on its way any more. */
export async function settled(page) {
  await page.getByRole("heading", { level: 1 }).waitFor();
  await page.locator("main > :nth-child(2)").first().waitFor();
  await page.waitForFunction(() => globalThis.document.querySelector(".busy") === null);
}

/** A choice of a few that are all in sight. */
export async function choose(page, group, option) {
  const choice = page.getByRole("group", { name: group, exact: true });
  await choice.getByRole("radio", { name: option, exact: true }).check();
}
