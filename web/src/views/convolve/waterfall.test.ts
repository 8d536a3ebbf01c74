import { expect, it } from "vitest";
import { runningSums } from "./waterfall";

it("begins each bar where the one before ended", () => {
  expect(runningSums([2, -3, 0.5])).toEqual([
    { from: 0, to: 2 },
    { from: 2, to: -1 },
    { from: -1, to: -0.5 },
  ]);
});
