import { expect, it } from "vitest";
import { cellSize, channelsOnPage, flatten, largestOf, sizesOf } from "./grids";

it("reads nested lists in order, with their sizes", () => {
  const nested = [
    [
      [1, 2],
      [3, 4],
    ],
    [
      [5, 6],
      [7, 8],
    ],
  ];
  expect(flatten(nested)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
  expect(sizesOf(nested)).toEqual([2, 2, 2]);
  expect(sizesOf([1, 2, 3])).toEqual([3]);
});

it("finds the end of a symmetric scale", () => {
  expect(largestOf([[0.5, -2], [1]])).toBe(2);
  expect(largestOf([])).toBe(0);
});

it("makes cells as large as fit, within limits", () => {
  expect(cellSize([3, 3], 700)).toBe(40);
  expect(cellSize([11, 11], 700)).toBe(15);
  expect(cellSize([31], 300)).toBe(9);
});

it("shows at least one channel a page", () => {
  expect(channelsOnPage([3, 3], 40, 520)).toBe(3);
  expect(channelsOnPage([3, 7, 7], 20, 400)).toBe(1);
});
