import type { Sharing } from "../../api/types";
import type { Colours } from "../../drawing/colours";
import type { Surface } from "../../drawing/surface";
import { colourOfKernel, tiesOf } from "../convolve/ties";
import type { Kernels } from "./comparison";

/** More rows or columns than this are too small to be seen; the first ones stand for all. */
const MOST = { rows: 8, columns: 12 };

export interface SchematicLook {
  colours: Colours;
  dark: boolean;
}

/**
 * The matrix of input channels (rows) and filters (columns). A square is a kernel; squares of one colour are the same
 * weights, and where there is none the filter doesn't see the channel.
 */
export function drawSchematic(
  surface: Surface,
  size: { width: number; height: number },
  { sharing, kernels }: { sharing: Sharing; kernels: Kernels },
  { colours, dark }: SchematicLook,
): void {
  const { channels: rows, filters: columns, groups, weights } = shownPart(sharing, kernels);
  const ties = tiesOf({ sharing, in_channels: rows, filters: columns, groups });
  const cell = Math.min(size.width / columns, size.height / rows, 18);
  const left = (size.width - cell * columns) / 2;
  const top = (size.height - cell * rows) / 2;
  // A kernel of one weight is a dot beside kernels of many.
  const side = (weights === 1 ? 0.42 : 0.84) * cell;
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const [x, y] = [left + column * cell, top + row * cell];
      const kernel = ties.kernelOf(row, column);
      if (kernel === null) {
        surface.rect(x + 0.42 * cell, y + 0.42 * cell, 0.16 * cell, 0.16 * cell, {
          fill: colours.rule,
        });
        continue;
      }
      const inset = (cell - side) / 2;
      surface.rect(x + inset, y + inset, side, side, {
        fill: colourOfKernel(ties, kernel, dark),
        radius: Math.min(3, side / 5),
      });
      // Every pair of a separable convolution scales its channel's kernel by a weight of its own.
      if (ties.scaled)
        surface.rect(x + 0.36 * cell, y + 0.36 * cell, 0.28 * cell, 0.28 * cell, {
          fill: colours.surface,
          radius: 0.14 * cell,
        });
    }
  }
}

/** The part of the matrix that is drawn. Of large groups only some channels and filters, so that blocks are seen as such. */
export function shownPart(
  sharing: Sharing,
  { channels, filters, groups, weights }: Kernels,
): Kernels {
  if (sharing !== "grouped" && sharing !== "depthwise") {
    const [rows, columns] = [Math.min(channels, MOST.rows), Math.min(filters, MOST.columns)];
    return { channels: rows, filters: columns, groups: 1, weights };
  }
  const shown = Math.min(groups, MOST.rows);
  const each = (count: number, most: number) =>
    Math.max(1, Math.min(Math.round(count / groups), Math.floor(most / shown)));
  return {
    channels: shown * each(channels, shown > MOST.rows / 2 ? 2 * MOST.rows : MOST.rows),
    filters: shown * each(filters, shown > MOST.rows / 2 ? 2 * MOST.rows : MOST.columns),
    groups: shown,
    weights,
  };
}
