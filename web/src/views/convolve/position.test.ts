import { expect, it } from "vitest";
import { middleOf, readPosition } from "./position";

it("begins in the middle", () => {
  expect(middleOf([5, 8])).toEqual([2, 3]);
});

it("reads a place from the address and keeps it inside the map", () => {
  expect(readPosition("12,3", [6, 6])).toEqual([5, 3]);
});

it("reads no place from another number of axes or from nonsense", () => {
  expect(readPosition("1", [6, 6])).toBeNull();
  expect(readPosition("1,-2", [6, 6])).toBeNull();
  expect(readPosition(undefined, [6])).toBeNull();
});
