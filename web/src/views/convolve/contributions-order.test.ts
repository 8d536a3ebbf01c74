import { expect, it } from "vitest";
import { ordered, pageOf, restOf } from "./contributions-order";

const channels = [{ adds: 0.5 }, { adds: -2 }, { adds: 0 }, { adds: 0.5 }];

it("puts the strongest channel first, whatever its sign, and keeps equal ones in order", () => {
  expect(ordered(channels, "strength")).toEqual([1, 0, 3, 2]);
  expect(ordered(channels, "channel")).toEqual([0, 1, 2, 3]);
});

it("says what the channels that aren't shown add", () => {
  expect(restOf(channels, [1, 0])).toEqual({ count: 2, adds: 0.5 });
});

it("keeps the page inside the list", () => {
  expect(pageOf([5, 6, 7], 9, 2)).toEqual({ page: 1, pages: 2, places: [7] });
  expect(pageOf([], 0, 2)).toEqual({ page: 0, pages: 1, places: [] });
});
