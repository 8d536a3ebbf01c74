import { expect, it } from "vitest";
import { cellOf, cellsIn, crosses, depthOf, planeBoxOf, positionOf, sliceOf } from "./slices";

it("tells a cell and a slice from a position, and back, for every number of axes", () => {
  for (const position of [[4], [3, 4], [2, 3, 4]]) {
    const place = { rank: position.length, depth: depthOf(position) };
    expect(positionOf(cellOf(position), place)).toEqual(position);
  }
});

it("draws a 1-D box as one row", () => {
  expect(planeBoxOf({ start: [-1], size: [5] })).toEqual({
    row: 0,
    column: -1,
    rows: 1,
    columns: 5,
  });
});

it("knows which slices a 3-D window crosses", () => {
  const window = { start: [1, 0, 0], size: [2, 3, 3] };
  expect([0, 1, 2, 3].map((depth) => crosses(window, depth))).toEqual([false, true, true, false]);
  expect(crosses({ start: [0, 0], size: [3, 3] }, 0)).toBe(true);
});

it("keeps the cells of a slice", () => {
  expect(
    cellsIn(
      [
        [0, 1, 2],
        [1, 3, 4],
      ],
      1,
    ),
  ).toEqual([{ row: 3, column: 4, rows: 1, columns: 1 }]);
});

it("takes one slice out of a volume", () => {
  const values = Float32Array.from({ length: 8 }, (_, index) => index);
  expect(sliceOf({ size: [2, 2, 2], values }, 1)).toEqual(Float32Array.of(4, 5, 6, 7));
});
