import { expect, it } from "vitest";
import { planeOf } from "./values";

it("takes one channel out of interleaved values", () => {
  const tensor = { shape: [2, 2, 3], data: Float32Array.from({ length: 12 }, (_, index) => index) };
  expect(planeOf(tensor, 1)).toEqual({ size: [2, 2], values: Float32Array.of(1, 4, 7, 10) });
});

it("reads plain numbers as planes without axes", () => {
  expect(planeOf({ shape: [3], data: Float32Array.of(5, 6, 7) }, 2)).toEqual({
    size: [],
    values: Float32Array.of(7),
  });
});
