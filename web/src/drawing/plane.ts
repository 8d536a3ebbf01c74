/**
 * A plane of cells on a canvas: the input with its padding, or a feature map. Cells are squares of whole pixels where
 * they are big enough; places outside of any cell are null.
 */
export interface PlaneBox {
  /** The first row and column; below 0 in the padding. */
  row: number;
  column: number;
  rows: number;
  columns: number;
}

export interface PlaneLayout {
  box: PlaneBox;
  /** Width and height of a cell, in CSS pixels. */
  cell: { width: number; height: number };
  width: number;
  height: number;
}

/** Fits a box into a width and a height; long thin boxes get cells that are higher than wide. */
export function fitPlane(
  box: PlaneBox,
  room: { width: number; height: number; largestCell: number },
): PlaneLayout {
  const exact = Math.min(
    room.width / Math.max(1, box.columns),
    room.height / Math.max(1, box.rows),
    room.largestCell,
  );
  const size = exact >= 4 ? Math.floor(exact) : Math.max(exact, 0.5);
  const cell = { width: size, height: size };
  return { box, cell, width: cell.width * box.columns, height: cell.height * box.rows };
}

/** The cell under a point of the canvas. */
export function cellAt(
  layout: PlaneLayout,
  point: { x: number; y: number },
): { row: number; column: number } | null {
  const column = Math.floor(point.x / layout.cell.width);
  const row = Math.floor(point.y / layout.cell.height);
  const { box } = layout;
  if (row < 0 || column < 0 || row >= box.rows || column >= box.columns) return null;
  return { row: row + box.row, column: column + box.column };
}

export interface Rectangle {
  x: number;
  y: number;
  width: number;
  height: number;
}

/** Where a box of cells lies on the canvas. */
export function rectangleOf(layout: PlaneLayout, box: PlaneBox): Rectangle {
  const { cell } = layout;
  return {
    x: (box.column - layout.box.column) * cell.width,
    y: (box.row - layout.box.row) * cell.height,
    width: box.columns * cell.width,
    height: box.rows * cell.height,
  };
}

/** The smallest and the largest of some numbers; those that are no numbers don't count. */
export function rangeOf(values: ArrayLike<number>): { minimum: number; maximum: number } {
  let minimum = Infinity;
  let maximum = -Infinity;
  for (let index = 0; index < values.length; index += 1) {
    const value = values[index] ?? NaN;
    if (value < minimum) minimum = value;
    if (value > maximum) maximum = value;
  }
  return minimum > maximum ? { minimum: 0, maximum: 0 } : { minimum, maximum };
}
