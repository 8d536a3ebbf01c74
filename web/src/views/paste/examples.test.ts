import { expect, test } from "vitest";
import { EXAMPLES, parseInputShape } from "./examples";
import { rangeOf } from "./places";

test("a shape is read however it is written", () => {
  expect(parseInputShape("9,9,5")).toEqual([9, 9, 5]);
  expect(parseInputShape(" (28, 28, 1) ")).toEqual([28, 28, 1]);
  expect(parseInputShape("(128,)")).toEqual([128]);
  expect(parseInputShape("")).toBe(null);
  expect(parseInputShape("9x9")).toBe(undefined);
});

test("every example's own shape can be read", () => {
  for (const { shape } of EXAMPLES) expect(parseInputShape(shape)).not.toBe(undefined);
});

test("a place in code is found by line and column, and kept inside the text", () => {
  const code = "first\nsecond line\n";
  const place = { line: 2, column: 1, end_line: 2, end_column: 7, message: "", hint: null };
  expect(rangeOf(code, place)).toEqual({ from: 6, to: 12 });
  expect(rangeOf(code, { ...place, line: 99, end_line: 99 })).toEqual({ from: 17, to: 18 });
});

test("an error at one point marks the character there", () => {
  const place = { line: 1, column: 3, end_line: 1, end_column: 3, message: "", hint: null };
  expect(rangeOf("abcdef", place)).toEqual({ from: 2, to: 3 });
});
