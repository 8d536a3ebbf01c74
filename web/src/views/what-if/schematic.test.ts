import { expect, test } from "vitest";
import { shownPart } from "./schematic";

test("large matrices are shown by their first part, groups as whole blocks", () => {
  const kernels = { channels: 64, filters: 128, groups: 1, weights: 9 };
  expect(shownPart("none", kernels)).toEqual({ rows: 8, columns: 12 });
  expect(shownPart("grouped", { ...kernels, groups: 32 })).toEqual({ rows: 6, columns: 12 });
  expect(shownPart("depthwise", { ...kernels, filters: 64, groups: 64 })).toEqual({
    rows: 8,
    columns: 8,
  });
  expect(shownPart("grouped", { ...kernels, channels: 4, filters: 8, groups: 2 })).toEqual({
    rows: 4,
    columns: 8,
  });
});
