/** Debian's Chromium, without a sandbox (tests may run as root) and without a word to the network. */
import { chromium } from "playwright-core";
import process from "node:process";

const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export function startBrowser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: FLAGS,
  });
}

export const DESKTOP = { viewport: { width: 1440, height: 900 } };
export const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };

/**
 * A page in a context of its own: English, light and without motion unless said otherwise. `failures` gathers what
 * went wrong in it: errors of scripts, of the content security policy, and warnings of the console.
 */
export async function newPage(browser, options = {}) {
  const context = await browser.newContext({
    ...DESKTOP,
    locale: "en-GB",
    colorScheme: "light",
    reducedMotion: "reduce",
    ...options,
  });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  const failures = [];
  page.on("pageerror", (error) => failures.push(String(error)));
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) failures.push(message.text());
  });
  return { page, failures };
}
