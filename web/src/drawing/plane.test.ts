import { expect, it } from "vitest";
import { cellAt, fitPlane, rangeOf, rectangleOf } from "./plane";

const padded = { row: -1, column: -1, rows: 7, columns: 7 };

it("makes cells of whole pixels", () => {
  const layout = fitPlane(padded, { width: 100, height: 400, largestCell: 44 });
  expect(layout.cell).toEqual({ width: 14, height: 14 });
  expect(layout.width).toBe(98);
});

it("draws big maps with cells of part of a pixel", () => {
  const layout = fitPlane(
    { row: 0, column: 0, rows: 224, columns: 224 },
    { width: 300, height: 300, largestCell: 44 },
  );
  expect(layout.width).toBeCloseTo(300);
});

it("finds the cell under a point, in the padding too", () => {
  const layout = fitPlane(padded, { width: 70, height: 70, largestCell: 44 });
  expect(cellAt(layout, { x: 5, y: 25 })).toEqual({ row: 1, column: -1 });
  expect(cellAt(layout, { x: 71, y: 5 })).toBeNull();
});

it("finds the place of a box of cells", () => {
  const layout = fitPlane(padded, { width: 70, height: 70, largestCell: 44 });
  expect(rectangleOf(layout, { row: 0, column: 1, rows: 3, columns: 3 })).toEqual({
    x: 20,
    y: 10,
    width: 30,
    height: 30,
  });
});

it("leaves out what is no number when it looks for a range", () => {
  expect(rangeOf([3, NaN, -1])).toEqual({ minimum: -1, maximum: 3 });
  expect(rangeOf([])).toEqual({ minimum: 0, maximum: 0 });
});
