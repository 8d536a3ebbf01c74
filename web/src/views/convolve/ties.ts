import type { ConvolutionInfo } from "../../api/types";

/** The pairs of input channels and filters, and which of them use the same kernel. */
export interface Ties {
  rows: number;
  columns: number;
  /** Which kernel a pair uses; equal numbers are the same weights, null is a channel that the filter doesn't see. */
  kernelOf(channel: number, filter: number): number | null;
  /** How many different kernels there are. */
  kernels: number;
  /** Whether every pair scales its kernel by a weight of its own (the second stage of a separable convolution). */
  scaled: boolean;
}

type Shared = Pick<ConvolutionInfo, "sharing" | "in_channels" | "filters" | "groups">;

export function tiesOf({ sharing, in_channels, filters, groups }: Shared): Ties {
  const plain = { rows: in_channels, columns: filters, scaled: false };
  switch (sharing) {
    case "none":
      return {
        ...plain,
        kernelOf: (channel, filter) => channel * filters + filter,
        kernels: in_channels * filters,
      };
    case "across_input_channels":
      return { ...plain, kernelOf: (_, filter) => filter, kernels: filters };
    case "depthwise": {
      const multiplier = Math.max(1, Math.floor(filters / in_channels));
      return {
        ...plain,
        kernelOf: (channel, filter) =>
          Math.floor(filter / multiplier) === channel ? filter : null,
        kernels: filters,
      };
    }
    case "grouped": {
      const channelsEach = in_channels / groups;
      const filtersEach = filters / groups;
      return {
        ...plain,
        kernelOf: (channel, filter) =>
          Math.floor(channel / channelsEach) === Math.floor(filter / filtersEach)
            ? (channel % channelsEach) * filters + filter
            : null,
        kernels: channelsEach * filters,
      };
    }
    case "separable":
      return { ...plain, kernelOf: (channel) => channel, kernels: in_channels, scaled: true };
  }
}

/** How a pair of an input channel and a filter stands to the chosen one. */
export type Relation = "chosen" | "tied" | "apart";

export function relationTo(
  ties: Ties,
  chosen: { channel: number; filter: number },
  pair: { channel: number; filter: number },
): Relation {
  if (chosen.channel === pair.channel && chosen.filter === pair.filter) return "chosen";
  const kernel = ties.kernelOf(pair.channel, pair.filter);
  return kernel !== null && kernel === ties.kernelOf(chosen.channel, chosen.filter)
    ? "tied"
    : "apart";
}

/** A colour for a kernel; those of a row's and a column's neighbours are far from it. */
export function colourOfKernel(ties: Ties, kernel: number, dark: boolean): string {
  const row = Math.floor(kernel / ties.columns);
  const column = kernel % ties.columns;
  // The golden angle from row to row, a ninth of a circle from column to column.
  const hue = (195 + row * 137.508 + column * 41) % 360;
  const step = (row + column) % 3;
  const lightness = dark ? 0.64 + 0.08 * step : 0.56 + 0.09 * step;
  return `oklch(${lightness.toFixed(2)} 0.12 ${hue.toFixed(1)})`;
}
