import { expect, it } from "vitest";
import { cellUnder, layoutGrid, placeOf } from "./number-grid";

it("puts the slices of a 3-D kernel below each other", () => {
  const layout = layoutGrid([2, 3, 3], 20);
  expect(layout.width).toBe(68);
  expect(layout.height).toBe(6 * 20 + 8 + 8);
  expect(placeOf(layout, 9, 20)).toEqual({ x: 4, y: 4 + 60 + 8 });
});

it("finds every cell where it was put", () => {
  for (const sizes of [[4], [3, 2], [2, 2, 3]]) {
    const layout = layoutGrid(sizes, 15);
    const count = sizes.reduce((product, size) => product * size, 1);
    for (let index = 0; index < count; index += 1) {
      const { x, y } = placeOf(layout, index, 15);
      expect(cellUnder(layout, { x: x + 7, y: y + 7 }, 15)).toBe(index);
    }
  }
});

it("finds nothing between the slices", () => {
  const layout = layoutGrid([2, 2, 2], 10);
  expect(cellUnder(layout, { x: 5, y: 4 + 20 + 4 }, 10)).toBeNull();
});
