import { expect, test } from "vitest";
import type { FilterMatrix } from "../../api/types";
import { colourOf, divergingScale } from "../../drawing/palette";
import { atlasOf, cellOf, colourPictures, kernelOf, partOf, tileOf } from "./kernels";

const matrix = {
  filters: 2,
  channels_per_filter: 3,
  kernel_size: [2, 2],
  largest_absolute: 24,
} as FilterMatrix;
const kernels = {
  shape: [2, 3, 2, 2],
  data: Float32Array.from({ length: 24 }, (_, i) => i + 1),
};

test("a kernel is a piece of the tensor", () => {
  expect([...kernelOf(kernels, matrix, 1, 2)]).toEqual([21, 22, 23, 24]);
});

test("every weight has its pixel in the atlas", () => {
  const scale = divergingScale(24, false);
  const atlas = atlasOf(kernels, matrix, scale);
  const { pixels, part } = partOf(atlas, 1, [2, 1]);
  expect(part).toEqual({ column: 2, row: 4, columns: 2, rows: 2 });
  const at = 4 * ((part.row + 1) * pixels.columns + part.column + 1);
  const expected = colourOf(scale, 24).map(Math.round);
  expect([...pixels.rgba.subarray(at, at + 3)]).toEqual(expected);
});

test("3-D kernels lie slice beside slice, 1-D kernels are bars", () => {
  expect(tileOf([2, 3, 4])).toEqual({ columns: 9, rows: 3, kind: "slices" });
  expect(cellOf([2, 3, 4], 12)).toEqual({ row: 0, column: 5 });
  expect(tileOf([7])).toMatchObject({ columns: 7, kind: "bars" });
});

test("zero is grey in a colour picture, the largest weight full colour", () => {
  const data = new Float32Array(24);
  data[0] = 24;
  const [first] = colourPictures({ ...kernels, data }, matrix);
  expect([...first!.rgba.subarray(0, 8)]).toEqual([255, 128, 128, 255, 128, 128, 128, 255]);
});
