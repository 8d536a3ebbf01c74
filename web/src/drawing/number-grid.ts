import type { Colours } from "./colours";
import { fitted } from "./numbers";
import { colourOf, cssColour, inkOn, type Scale } from "./palette";
import { CELL_WITH_NUMBER } from "./plane-picture";
import type { Drawing } from "./surface";

/** Small grids of numbers: a patch, a kernel, their products. The slices of a 3-D kernel stand below each other. */
export interface NumberGrid {
  /** The sizes of the axes, one to three. */
  sizes: readonly number[];
  values: readonly number[];
  scale: Scale;
  /** Cells without a value of the input: padding, or places that strides step over. */
  empty: (cell: number) => "outside" | "between" | null;
  /** The cell that is pointed at. */
  chosen: number | null;
  cell: number;
  /** The colour of the frame, where it says something. */
  frame: string | null;
}

export interface GridLayout {
  planes: number;
  rows: number;
  columns: number;
  gap: number;
  width: number;
  height: number;
}

const SLICE_GAP = 8;
/** Room for the frame. */
export const GRID_MARGIN = 4;

export function layoutGrid(sizes: readonly number[], cell: number): GridLayout {
  const columns = sizes.at(-1) ?? 1;
  const rows = sizes.length > 1 ? (sizes.at(-2) ?? 1) : 1;
  const planes = sizes.length > 2 ? (sizes.at(-3) ?? 1) : 1;
  return {
    planes,
    rows,
    columns,
    gap: SLICE_GAP,
    width: columns * cell + 2 * GRID_MARGIN,
    height: planes * rows * cell + (planes - 1) * SLICE_GAP + 2 * GRID_MARGIN,
  };
}

/** Where a cell of the grid lies. */
export function placeOf(layout: GridLayout, index: number, cell: number): { x: number; y: number } {
  const column = index % layout.columns;
  const row = Math.floor(index / layout.columns);
  const plane = Math.floor(row / layout.rows);
  return {
    x: GRID_MARGIN + column * cell,
    y: GRID_MARGIN + row * cell + plane * layout.gap,
  };
}

/** The cell under a point; null between slices and on the frame. */
export function cellUnder(
  layout: GridLayout,
  point: { x: number; y: number },
  cell: number,
): number | null {
  const column = Math.floor((point.x - GRID_MARGIN) / cell);
  if (column < 0 || column >= layout.columns) return null;
  for (let row = 0; row < layout.planes * layout.rows; row += 1) {
    const top = placeOf(layout, row * layout.columns, cell).y;
    if (point.y >= top && point.y < top + cell) return row * layout.columns + column;
  }
  return null;
}

export function numberGridDrawing(grid: NumberGrid, colours: Colours): Drawing {
  const layout = layoutGrid(grid.sizes, grid.cell);
  return {
    width: layout.width,
    height: layout.height,
    draw(surface) {
      grid.values.forEach((value, index) => {
        const { x, y } = placeOf(layout, index, grid.cell);
        const empty = grid.empty(index);
        const ground = colourOf(grid.scale, value);
        const gap = grid.cell >= 12 ? 0.5 : 0;
        const side = grid.cell - 2 * gap;
        surface.rect(x + gap, y + gap, side, side, {
          fill: empty === null ? cssColour(ground) : colours.sunken,
        });
        if (empty !== null && grid.cell >= 12)
          surface.path(
            [
              [x + gap + 2, y + side - 2],
              [x + side - 2, y + gap + 2],
            ],
            { stroke: colours.rule, width: 1.5 },
          );
        if (grid.cell >= CELL_WITH_NUMBER && empty !== "between") {
          const { text, size } = fitted(value, grid.cell);
          surface.text(text, x + grid.cell / 2, y + grid.cell / 2, {
            size,
            colour: empty === null ? inkOn(ground) : colours.muted,
            anchor: "middle",
            baseline: "middle",
          });
        }
      });
      if (grid.frame !== null) drawFrames(surface, layout, grid);
      if (grid.chosen !== null && grid.chosen < grid.values.length) {
        const { x, y } = placeOf(layout, grid.chosen, grid.cell);
        surface.rect(x, y, grid.cell, grid.cell, { stroke: colours.surface, width: 4 });
        surface.rect(x, y, grid.cell, grid.cell, { stroke: colours.ink, width: 2 });
      }
    },
  };
}

function drawFrames(
  surface: Parameters<Drawing["draw"]>[0],
  layout: GridLayout,
  { cell, frame }: NumberGrid,
): void {
  for (let plane = 0; plane < layout.planes; plane += 1) {
    const { x, y } = placeOf(layout, plane * layout.rows * layout.columns, cell);
    surface.rect(x - 1.5, y - 1.5, layout.columns * cell + 3, layout.rows * cell + 3, {
      stroke: frame ?? undefined,
      width: 3,
    });
  }
}
