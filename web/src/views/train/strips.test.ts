import { expect, test } from "vitest";
import type { Histogram } from "../../api/types";
import { rowsOf, STRIP_ROWS, stripPixels, stripRange } from "./strips";

function histogram(minimum: number, maximum: number, counts: number[]): Histogram {
  return { minimum, maximum, mean: 0, deviation: 0, counts };
}

test("a strip keeps every value, the largest at the top", () => {
  const rows = rowsOf(histogram(0, 1, [6, 2]), [-1, 1]);
  expect(rows.length).toBe(STRIP_ROWS);
  expect(rows.reduce((sum, count) => sum + count, 0)).toBeCloseTo(8);
  expect(rows.slice(0, STRIP_ROWS / 4).reduce((sum, count) => sum + count, 0)).toBeCloseTo(2);
  expect(rows.slice(STRIP_ROWS / 2).every((count) => count < 1e-6)).toBe(true);
});

test("equal values make one row", () => {
  const rows = rowsOf(histogram(0.5, 0.5, [0, 4, 0]), [0, 1]);
  expect(rows.filter((count) => count > 0.01)).toEqual([4]);
});

test("the range is that of all histograms", () => {
  expect(stripRange([histogram(-1, 0, [1]), histogram(0, 3, [1])])).toEqual([-1, 3]);
  expect(stripRange([histogram(2, 2, [1])])).toEqual([1.5, 2.5]);
});

test("a column for each histogram", () => {
  const both = [histogram(-1, 1, [1, 3]), histogram(-1, 1, [3, 1])];
  const { columns, rows, rgba } = stripPixels(both, { ground: "#ffffff", ink: "#000000" });
  expect([columns, rows]).toEqual([2, STRIP_ROWS]);
  expect(rgba[4 * (STRIP_ROWS - 1) * 2 + 4]).toBe(0);
});
