import { expect, test } from "vitest";
import { STRONGER, unitFor, volumeOf, volumeSize } from "./volume";

test("edges are compressed as the page says", () => {
  const edge = (size: number) => volumeOf([1, 1, size], 1).channels;
  expect(edge(STRONGER.size) / edge(1)).toBeCloseTo(STRONGER.edge);
});

test("the largest edge of a model is as long as asked for", () => {
  const shapes = [[224, 224, 3], null, [7, 7, 2048], [null, null, 5]];
  const unit = unitFor(shapes, 60);
  expect(volumeOf([7, 7, 2048], unit).channels).toBeCloseTo(60);
  expect(volumeOf([224, 224, 3], unit).height).toBeLessThan(60);
});

test("sequences are rows, vectors are rods, and 3-D data have slices", () => {
  expect(volumeOf([16, 4], 10)).toMatchObject({ height: 10, slices: 1 });
  expect(volumeOf([10], 10)).toMatchObject({ height: 10, width: 10 });
  const deep = volumeOf([8, 4, 4, 2], 10);
  expect(deep.slices).toBe(3);
  expect(volumeSize(deep).width).toBeGreaterThan(volumeSize({ ...deep, slices: 1 }).width);
});
