import type { Box, Size } from "../../drawing/viewport";
import type { Tile } from "./kernels";

/** How the kernels are arranged: each filter a column of kernels, or a block; colours are one picture a filter. */
export type Picture = "kernels" | "block" | "colour";

export interface Arrangement {
  /** Filters, from left to right. */
  filters: number;
  /** Rows of the matrix: the channels that a filter sees, or all input channels. */
  rows: number;
  /** Kernels of a filter. */
  depth: number;
  /** The row of the first kernel of a filter. */
  firstRow(filter: number): number;
  tile: Tile;
  /** Pixels of a weight's cell. */
  cell: number;
  /** Room for blocks side by side. */
  width: number;
}

/** Room for the numbers of filters and channels. */
export const HEAD = { left: 46, top: 28 };

/** Kernels this narrow stand side by side without a gap. */
const TOUCHING = 8;

export function kernelSize({ tile, cell }: Arrangement): Size {
  return { width: tile.columns * cell, height: tile.rows * cell };
}

export function gapOf(arrangement: Arrangement): number {
  const { width, height } = kernelSize(arrangement);
  // Wider than the free cell between the slices of one kernel.
  if (arrangement.tile.kind === "slices") return 2 * arrangement.cell;
  return Math.min(width, height) < TOUCHING ? 0 : Math.min(5, Math.max(2, arrangement.cell * 0.6));
}

/** How far each kernel of a block lies behind the one before it. */
export function stepOf(arrangement: Arrangement): { x: number; y: number } {
  const { width, height } = kernelSize(arrangement);
  const depth = Math.min(arrangement.depth * 9, 0.9 * Math.max(width, height, 40));
  const each = arrangement.depth > 1 ? depth / (arrangement.depth - 1) : 0;
  return { x: each * 0.8, y: each * 0.55 };
}

/** The room that a block takes, its number included. */
function blockRoom(arrangement: Arrangement): Size {
  const { width, height } = kernelSize(arrangement);
  const step = stepOf(arrangement);
  const behind = arrangement.depth - 1;
  return { width: width + behind * step.x + 18, height: height + behind * step.y + 34 };
}

export function blocksInRow(arrangement: Arrangement): number {
  return Math.max(1, Math.floor((arrangement.width - 12) / blockRoom(arrangement).width));
}

/** The size of the whole picture. */
export function pictureSize(arrangement: Arrangement, picture: Picture): Size {
  const kernel = kernelSize(arrangement);
  if (picture === "kernels") {
    const gap = gapOf(arrangement);
    return {
      width: HEAD.left + arrangement.filters * (kernel.width + gap) + 8,
      height: HEAD.top + arrangement.rows * (kernel.height + gap) + 8,
    };
  }
  const room = blockRoom(arrangement);
  const rows = Math.ceil(arrangement.filters / blocksInRow(arrangement));
  return { width: arrangement.width, height: rows * room.height + 16 };
}

/** Where the kernel of a channel lies; `place` is the filter's place in the order. */
export function kernelBox(
  arrangement: Arrangement,
  picture: Picture,
  { place, filter, channel }: { place: number; filter: number; channel: number },
): Box {
  const { width, height } = kernelSize(arrangement);
  if (picture === "kernels") {
    const gap = gapOf(arrangement);
    const row = arrangement.firstRow(filter) + channel;
    return {
      x: HEAD.left + place * (width + gap),
      y: HEAD.top + row * (height + gap),
      width,
      height,
    };
  }
  const room = blockRoom(arrangement);
  const step = stepOf(arrangement);
  const inRow = blocksInRow(arrangement);
  const behind = arrangement.depth - 1;
  return {
    x: 12 + (place % inRow) * room.width + channel * step.x,
    y: 8 + Math.floor(place / inRow) * room.height + (behind - channel) * step.y,
    width,
    height,
  };
}

/** The places (first, end) that a window may show. */
export function placesInSight(
  arrangement: Arrangement,
  picture: Picture,
  seen: Box,
): [number, number] {
  const clamp = (place: number) => Math.min(arrangement.filters, Math.max(0, place));
  if (picture === "kernels") {
    const pitch = kernelSize(arrangement).width + gapOf(arrangement);
    return [
      clamp(Math.floor((seen.x - HEAD.left) / pitch)),
      clamp(Math.ceil((seen.x + seen.width - HEAD.left) / pitch)),
    ];
  }
  const room = blockRoom(arrangement);
  const inRow = blocksInRow(arrangement);
  return [
    clamp(Math.floor((seen.y - 8) / room.height) * inRow),
    clamp(Math.ceil((seen.y + seen.height) / room.height) * inRow),
  ];
}

/** The channels (first, end) of a filter that a window onto the matrix shows. */
export function channelsInSight(
  arrangement: Arrangement,
  filter: number,
  seen: Box,
): [number, number] {
  const pitch = kernelSize(arrangement).height + gapOf(arrangement);
  const first = arrangement.firstRow(filter);
  const clamp = (row: number) => Math.min(arrangement.depth, Math.max(0, row - first));
  return [
    clamp(Math.floor((seen.y - HEAD.top) / pitch)),
    clamp(Math.ceil((seen.y + seen.height - HEAD.top) / pitch)),
  ];
}

/** Which kernel lies at a point: the foremost of a block. */
export function kernelAt(
  arrangement: Arrangement,
  picture: Picture,
  order: readonly number[],
  [x, y]: readonly [number, number],
): { filter: number; channel: number } | null {
  const [first, end] = placesInSight(arrangement, picture, { x, y, width: 1, height: 1 });
  for (let place = first; place < end; place++) {
    const filter = order[place]!;
    for (let channel = 0; channel < arrangement.depth; channel++) {
      const box = kernelBox(arrangement, picture, { place, filter, channel });
      const gap = picture === "kernels" ? gapOf(arrangement) : 0;
      const inside =
        x >= box.x && x < box.x + box.width + gap && y >= box.y && y < box.y + box.height + gap;
      if (inside) return { filter, channel };
    }
  }
  return null;
}
