import { expect, test } from "vitest";
import type { ModelDescription } from "../../api/types";
import { findLayers } from "./find";
import { shorten } from "./shorten";

const model = {
  nodes: [
    { layer: "stem/conv1", type: "Conv2D" },
    { layer: "stem/bn1", type: "BatchNormalization" },
    { layer: "head/dense", type: "Dense" },
  ],
} as unknown as ModelDescription;

test("a layer is found by words of its path and type, in any case and order", () => {
  const names = (text: string) => findLayers(model, text).map(({ layer }) => layer);
  expect(names("STEM")).toEqual(["stem/conv1", "stem/bn1"]);
  expect(names("conv2d stem")).toEqual(["stem/conv1"]);
  expect(names("  ")).toEqual([]);
});

test("long names lose their middle, short ones nothing", () => {
  expect(shorten("conv2d", 200)).toBe("conv2d");
  const short = shorten("block14_sepconv2_depthwise_batch_normalization", 140);
  expect(short).toMatch(/^block14.*….*ation$/);
  expect(short.length).toBeLessThan(20);
});
