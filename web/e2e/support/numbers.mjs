/** Numbers as the page writes them: a true minus sign, six decimals or a power of ten. */
import assert from "node:assert/strict";

export function shownNumber(text) {
  return Number(text.replaceAll("−", "-").replace(/[=+\s]/g, ""));
}

/** Fails unless the text is the number, rounded as the page rounds. */
export function sameNumber(text, number) {
  const difference = Math.abs(shownNumber(text) - number);
  const rounding = text.includes("e") ? 5.1e-5 * Math.abs(number) : 5.1e-7;
  assert.ok(difference <= rounding, `the page says ${text}, the program ${number}`);
}
