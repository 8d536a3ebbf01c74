import { expect, it } from "vitest";
import type { LayerMaps } from "../../api/types";
import { channelsOf, deadOf, isDead, spaceOf } from "./layer-maps";

const layer = {
  shape: [4, 6, 3],
  channels: [
    { minimum: 0, maximum: 2, mean: 1, zeros: 0.5 },
    { minimum: 0, maximum: 0, mean: 0, zeros: 1 },
    { minimum: -1, maximum: 0, mean: -0.1, zeros: 0.9 },
  ],
} as LayerMaps;

it("calls a map dead that is zero everywhere, and no other", () => {
  expect(deadOf(layer)).toEqual([1]);
  expect(isDead(undefined)).toBe(false);
});

it("parts the axes of space from the channels", () => {
  expect(spaceOf(layer)).toEqual([4, 6]);
  expect(channelsOf(layer)).toBe(3);
});
