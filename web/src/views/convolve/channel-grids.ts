import type { NumberGrid } from "../../drawing/number-grid";
import { divergingScale, type Scale } from "../../drawing/palette";
import type { Met } from "./geometry";
import { largestOf, type ChannelNumbers } from "./grids";

/** The scales that all channels of a trace share, so that they can be compared. */
export interface ChannelScales {
  patch: Scale;
  /** The largest weight of the filter and the largest product, either sign. */
  kernel: number;
  product: number;
}

export function scalesOf(channels: readonly ChannelNumbers[], patch: Scale): ChannelScales {
  return {
    patch,
    kernel: largestOf(channels.map(({ kernel }) => kernel)),
    product: largestOf(channels.map(({ products }) => products)),
  };
}

export interface GridLook {
  scales: ChannelScales;
  cell: number;
  /** The colour of the kernel: equal colours are the same weights. */
  kernelColour: string;
  /** What each cell of the kernel meets. */
  met: readonly Met[];
  chosenCell: number | null;
  isDark: boolean;
}

/** The three grids of a channel: patch, kernel, products. */
export function channelGrids(
  { sizes, patch, kernel, products }: ChannelNumbers,
  { scales, cell, kernelColour, met, chosenCell, isDark }: GridLook,
): { patch: NumberGrid; kernel: NumberGrid; products: NumberGrid } {
  const empty = (index: number): "outside" | "between" | null => {
    const kind = met[index]?.kind ?? "input";
    return kind === "input" ? null : kind;
  };
  const common = { sizes, cell, chosen: chosenCell };
  return {
    patch: { ...common, values: patch, scale: scales.patch, empty, frame: null },
    kernel: {
      ...common,
      values: kernel,
      scale: divergingScale(scales.kernel, isDark),
      empty: () => null,
      frame: kernelColour,
    },
    products: {
      ...common,
      values: products,
      scale: divergingScale(scales.product, isDark),
      empty,
      frame: null,
    },
  };
}
