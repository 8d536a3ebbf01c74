import type { PlaneBox } from "../../drawing/plane";
import type { Box, Position } from "./geometry";

/**
 * What can be drawn at once is flat: a 1-D input is one row, a 3-D input is shown slice by slice. `depth` is the slice;
 * it is 0 where there is but one.
 */
export function cellOf(position: Position): { row: number; column: number } {
  return { row: position.at(-2) ?? 0, column: position.at(-1) ?? 0 };
}

export function positionOf(
  cell: { row: number; column: number },
  { rank, depth }: { rank: number; depth: number },
): number[] {
  return [depth, cell.row, cell.column].slice(3 - rank);
}

export function depthOf(position: Position): number {
  return position.length > 2 ? (position.at(-3) ?? 0) : 0;
}

/** The rows and columns of a box. */
export function planeBoxOf({ start, size }: Box): PlaneBox {
  const { row, column } = cellOf(start);
  return { row, column, rows: size.at(-2) ?? 1, columns: size.at(-1) ?? 1 };
}

/** Whether a box has cells in a slice. */
export function crosses({ start, size }: Box, depth: number): boolean {
  const first = depthOf(start);
  return depth >= first && depth < first + (size.length > 2 ? (size.at(-3) ?? 1) : 1);
}

/** The cells of the positions that lie in a slice, as boxes of one. */
export function cellsIn(positions: readonly Position[], depth: number): PlaneBox[] {
  return positions
    .filter((position) => depthOf(position) === depth)
    .map((position) => ({ ...cellOf(position), rows: 1, columns: 1 }));
}

/** The values of one slice, row by row. */
export function sliceOf(
  plane: { size: readonly number[]; values: Float32Array },
  depth: number,
): Float32Array {
  const { size, values } = plane;
  if (size.length < 3) return values;
  const length = (size.at(-2) ?? 1) * (size.at(-1) ?? 1);
  return values.subarray(depth * length, (depth + 1) * length);
}
