import { expect, test } from "vitest";
import { filterGrid, filterPictures } from "./filter-pictures";

test("filters on red, green and blue are colour pictures around grey", () => {
  const data = new Float32Array([1, 0, -1]);
  const [picture] = filterPictures({ shape: [1, 3, 1, 1], data }, false);
  expect([...picture!.rgba]).toEqual([255, 128, 0, 255]);
});

test("other filters show their first kernel, each on the scale of all", () => {
  const data = new Float32Array([2, 9, -2, 9]);
  const pictures = filterPictures({ shape: [2, 2, 1, 1], data }, false);
  expect(pictures.length).toBe(2);
  expect(pictures[0]!.rgba[0]).toBeGreaterThan(pictures[1]!.rgba[0]!);
});

test("filters lie in a sheet that is wider than high", () => {
  expect(filterGrid(32)).toEqual({ columns: 8, rows: 4 });
  expect(filterGrid(1)).toEqual({ columns: 1, rows: 1 });
});
