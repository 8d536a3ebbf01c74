import { expect, it } from "vitest";
import type { ConvolutionInfo } from "../../api/types";
import {
  onlyDifferences,
  possibleGroups,
  readChanges,
  writeChanges,
  type Changes,
} from "./changes";

const layer: ConvolutionInfo = {
  rank: 2,
  sharing: "none",
  in_channels: 4,
  filters: 8,
  channels_per_filter: 4,
  groups: 1,
  kernel_size: [3, 3],
  strides: [1, 1],
  dilation_rate: [1, 1],
  padding: [
    [1, 1],
    [1, 1],
  ],
  transposed: false,
  activation: "relu",
  bias: true,
};

it("survives the address", () => {
  const changes: Changes = {
    kernel_size: [5, 3],
    strides: [2, 2],
    padding: "valid",
    dilation_rate: [1, 2],
    groups: 2,
    sharing: "grouped",
  };
  expect(readChanges(writeChanges(changes))).toEqual(changes);
});

it("takes what isn't changed out of the address", () => {
  expect(writeChanges({ groups: 2 })).toMatchObject({ groups: "2", kernel: "", sharing: "" });
});

it("reads nothing from a broken address", () => {
  expect(readChanges({ kernel: "3,x", strides: "0,1", padding: "full", sharing: "all" })).toEqual(
    {},
  );
});

it("drops what the layer is anyway", () => {
  expect(
    onlyDifferences(
      { kernel_size: [3, 3], strides: [2, 1], padding: "same", sharing: "none" },
      layer,
    ),
  ).toEqual({ strides: [2, 1] });
});

it("offers the groups that divide channels and filters", () => {
  expect(possibleGroups(12, 8)).toEqual([1, 2, 4]);
});
