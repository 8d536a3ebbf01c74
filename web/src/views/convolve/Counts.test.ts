import { expect, it } from "vitest";
import type { ModelNode } from "../../api/types";
import { outputFormula } from "./Counts";

function node(
  convolution: Partial<NonNullable<ModelNode["convolution"]>>,
  output: number,
): ModelNode {
  return {
    input_shape: [32, 32, 3],
    output_shape: [output, output, 8],
    convolution: {
      padding: [[1, 1]],
      kernel_size: [5],
      strides: [2],
      dilation_rate: [1],
      transposed: false,
      ...convolution,
    },
  } as unknown as ModelNode;
}

it("shows how the output's size comes about", () => {
  expect(outputFormula(node({}, 15))).toBe("⌊(32 + 1 + 1 − 4 − 1) / 2⌋ + 1 = 15");
  expect(outputFormula(node({ dilation_rate: [2] }, 13))).toBe(
    "⌊(32 + 1 + 1 − 2·(5 − 1) − 1) / 2⌋ + 1 = 13",
  );
});

it("says nothing of open sizes", () => {
  expect(outputFormula({ ...node({}, 15), input_shape: [null, 3] })).toBe("");
});
