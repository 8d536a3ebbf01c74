import { expect, test } from "vitest";
import type { JobEvent, WhatIfVariant } from "../../api/types";
import { COMPARISON, kernelsOf, pointsOf, sampleShape, shareOf, trainedNow } from "./comparison";

const LAYER = { in_channels: 4, kernel_size: [3, 3], bias: true };

function variant(sharing: WhatIfVariant["sharing"], params: number, filters = 8): WhatIfVariant {
  return {
    name: sharing,
    type: "Conv2D",
    sharing,
    as_it_is: false,
    params,
    formula: "",
    macs: null,
    output_shape: [5, 5, filters],
  };
}

test("kernels follow from counts", () => {
  expect(kernelsOf(variant("none", 4 * 8 * 9 + 8), LAYER)).toMatchObject({ groups: 1, weights: 9 });
  expect(kernelsOf(variant("none", 4 * 8 + 8), LAYER)).toMatchObject({ weights: 1 });
  expect(kernelsOf(variant("grouped", 2 * 8 * 9 + 8), LAYER)).toMatchObject({ groups: 2 });
  expect(kernelsOf(variant("depthwise", 8 * 9 + 8), LAYER)).toMatchObject({ groups: 4 });
});

test("shapes are those of one sample", () => {
  expect(sampleShape([null, 5, 5, 8], 2)).toEqual([5, 5, 8]);
  expect(sampleShape([5, 8], 1)).toEqual([5, 8]);
});

test("bars are as long as their share of the most", () => {
  expect(shareOf(25, [100, 25, null])).toBe(0.25);
  expect(shareOf(null, [null])).toBe(0);
});

test("a comparison grows from its events", () => {
  const events: JobEvent[] = [
    { type: "variant_epoch", variant: 0, epoch: 1, epochs: 2, logs: { loss: 2 } },
    { type: "variant_epoch", variant: 0, epoch: 2, epochs: 2, logs: { loss: 1 } },
    { type: "variant_done", variant: 0, test_accuracy: 0.75, seconds: 3 },
    { type: "variant_refused", variant: 1, reason: "too few channels" },
  ];
  const story = events.reduce(COMPARISON.after, { ...COMPARISON.empty, state: "running" });
  expect(pointsOf(story.variants[0], "loss")).toEqual([
    [1, 2],
    [2, 1],
  ]);
  expect(story.variants[0]?.done?.test_accuracy).toBe(0.75);
  expect(trainedNow(story, 3)).toBe(2);
  expect(trainedNow({ ...story, state: "done" }, 3)).toBeNull();
});
