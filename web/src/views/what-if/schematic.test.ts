import { expect, test } from "vitest";
import { shownPart } from "./schematic";

const kernels = { channels: 32, filters: 32, groups: 1, weights: 9 };

test("large matrices are shown by their first part", () => {
  expect(shownPart("none", kernels)).toMatchObject({ channels: 8, filters: 12 });
});

test("groups are shown as blocks, however large they are", () => {
  expect(shownPart("grouped", { ...kernels, groups: 2 })).toMatchObject({
    channels: 8,
    filters: 12,
    groups: 2,
  });
  expect(shownPart("grouped", { ...kernels, groups: 16 })).toMatchObject({
    channels: 16,
    filters: 16,
    groups: 8,
  });
});

test("a filter for each channel is a diagonal", () => {
  expect(shownPart("depthwise", { ...kernels, groups: 32 })).toMatchObject({
    channels: 8,
    filters: 8,
    groups: 8,
  });
  expect(shownPart("depthwise", { channels: 3, filters: 6, groups: 3, weights: 9 })).toMatchObject({
    channels: 3,
    filters: 6,
    groups: 3,
  });
});
