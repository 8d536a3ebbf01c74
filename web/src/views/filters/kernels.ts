import type { Tensor } from "../../api/client";
import type { FilterMatrix } from "../../api/types";
import { colourOf, type Scale } from "../../drawing/palette";
import { blankPixels, type Part, type Pixels } from "../../drawing/surface";

/** A kernel as it is drawn, in cells of one weight: 2-D as it is, 3-D slice beside slice, 1-D as bars. */
export interface Tile {
  columns: number;
  rows: number;
  kind: "cells" | "slices" | "bars";
}

/** Cells that the bars of a 1-D kernel are high. */
const BAR_ROWS = 4;

export function tileOf(kernelSize: readonly number[]): Tile {
  const [last = 1, height = 1, depth = 1] = [...kernelSize].reverse();
  if (kernelSize.length === 1) return { columns: last, rows: BAR_ROWS, kind: "bars" };
  if (kernelSize.length === 2) return { columns: last, rows: height, kind: "cells" };
  // A free cell between slices.
  return { columns: depth * (last + 1) - 1, rows: height, kind: "slices" };
}

export function weightsPerKernel(matrix: FilterMatrix): number {
  return matrix.kernel_size.reduce((product, size) => product * size, 1);
}

/** The weights of one kernel, a view of the tensor. */
export function kernelOf(
  { data }: Tensor,
  matrix: FilterMatrix,
  filter: number,
  channel: number,
): Float32Array {
  const size = weightsPerKernel(matrix);
  const start = (filter * matrix.channels_per_filter + channel) * size;
  return data.subarray(start, start + size);
}

/** The cell of a tile that shows a weight. */
export function cellOf(
  kernelSize: readonly number[],
  weight: number,
): { row: number; column: number } {
  const [last = 1, height = 1] = [...kernelSize].reverse();
  const column = weight % last;
  const row = Math.floor(weight / last) % height;
  const slice = Math.floor(weight / (last * height));
  return { row, column: slice * (last + 1) + column };
}

/** All kernels as one picture of a pixel a weight: filters from left to right, channels from top to bottom. */
export interface Atlas {
  tile: Tile;
  /** Pieces of so many filters each: browsers limit the width of a picture. */
  piece: number;
  pieces: Pixels[];
}

const WIDEST = 8192;

export function atlasOf(kernels: Tensor, matrix: FilterMatrix, scale: Scale): Atlas {
  const tile = tileOf(matrix.kernel_size);
  const flat = tile.kind === "bars" ? { ...tile, rows: 1 } : tile;
  const piece = Math.max(1, Math.floor(WIDEST / flat.columns));
  const size = weightsPerKernel(matrix);
  const cells = Array.from({ length: size }, (_, weight) => cellOf(matrix.kernel_size, weight));
  const pieces: Pixels[] = [];
  for (let first = 0; first < matrix.filters; first += piece) {
    const count = Math.min(piece, matrix.filters - first);
    const pixels = blankPixels(count * flat.columns, matrix.channels_per_filter * flat.rows);
    for (let f = 0; f < count; f++)
      for (let c = 0; c < matrix.channels_per_filter; c++) {
        const weights = kernelOf(kernels, matrix, first + f, c);
        for (let w = 0; w < size; w++) {
          const { row, column } = cells[w]!;
          const at = (c * flat.rows + row) * pixels.columns + f * flat.columns + column;
          const rgb = colourOf(scale, weights[w]!);
          pixels.rgba[4 * at] = rgb[0];
          pixels.rgba[4 * at + 1] = rgb[1];
          pixels.rgba[4 * at + 2] = rgb[2];
          pixels.rgba[4 * at + 3] = 255;
        }
      }
    pieces.push(pixels);
  }
  return { tile: flat, piece, pieces };
}

/** Where an atlas holds some channels of a filter. */
export function partOf(
  { tile, piece, pieces }: Atlas,
  filter: number,
  [first, count]: readonly [number, number],
): { pixels: Pixels; part: Part } {
  return {
    pixels: pieces[Math.floor(filter / piece)]!,
    part: {
      column: (filter % piece) * tile.columns,
      row: first * tile.rows,
      columns: tile.columns,
      rows: count * tile.rows,
    },
  };
}

/** A filter that sees red, green and blue as a colour picture: zero is grey, the largest weight is full colour. */
export function colourPictures(kernels: Tensor, matrix: FilterMatrix): Pixels[] {
  const [rows = 1, columns = 1] = matrix.kernel_size;
  return Array.from({ length: matrix.filters }, (_, filter) => {
    const pixels = blankPixels(columns, rows);
    for (let channel = 0; channel < 3; channel++) {
      const weights = kernelOf(kernels, matrix, filter, channel);
      for (let cell = 0; cell < rows * columns; cell++) {
        pixels.rgba[4 * cell + channel] = 127.5 * (1 + weights[cell]! / matrix.largest_absolute);
        pixels.rgba[4 * cell + 3] = 255;
      }
    }
    return pixels;
  });
}
