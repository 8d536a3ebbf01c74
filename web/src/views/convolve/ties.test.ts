import { expect, it } from "vitest";
import type { Sharing } from "../../api/types";
import { colourOfKernel, relationTo, tiesOf, type Ties } from "./ties";

function ties(sharing: Sharing, groups = 1, filters = 6): Ties {
  return tiesOf({ sharing, in_channels: 3, filters, groups });
}

function different(of: Ties): number {
  const seen = new Set<number>();
  for (let channel = 0; channel < of.rows; channel += 1) {
    for (let filter = 0; filter < of.columns; filter += 1) {
      const kernel = of.kernelOf(channel, filter);
      if (kernel !== null) seen.add(kernel);
    }
  }
  return seen.size;
}

it("gives every pair its own kernel where nothing is shared", () => {
  expect(different(ties("none"))).toBe(18);
});

it("counts as many kernels as it says, for every way of sharing", () => {
  for (const sharing of [
    "none",
    "across_input_channels",
    "depthwise",
    "grouped",
    "separable",
  ] as const) {
    const of = ties(sharing, sharing === "grouped" ? 3 : 1);
    expect(different(of), sharing).toBe(of.kernels);
  }
});

it("ties a filter's kernels across its channels", () => {
  const of = ties("across_input_channels");
  const chosen = { channel: 0, filter: 2 };
  expect(relationTo(of, chosen, { channel: 2, filter: 2 })).toBe("tied");
  expect(relationTo(of, chosen, { channel: 0, filter: 3 })).toBe("apart");
});

it("shows one channel to each filter of a depthwise convolution", () => {
  const of = ties("depthwise");
  expect([0, 1, 2].map((channel) => of.kernelOf(channel, 3))).toEqual([null, 3, null]);
});

it("ties all filters to a channel's kernel in a separable convolution, each with its own factor", () => {
  const of = ties("separable");
  expect(of.scaled).toBe(true);
  expect(relationTo(of, { channel: 1, filter: 0 }, { channel: 1, filter: 5 })).toBe("tied");
});

it("gives neighbouring kernels different colours", () => {
  const of = ties("none");
  const colours = [0, 1, 6, 7].map((kernel) => colourOfKernel(of, kernel, false));
  expect(new Set(colours).size).toBe(4);
});
