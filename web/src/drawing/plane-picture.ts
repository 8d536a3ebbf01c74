import type { Colours } from "./colours";
import { fitted } from "./numbers";
import { colourOf, inkOn, type Rgb, type Scale } from "./palette";
import { rectangleOf, type PlaneBox, type PlaneLayout, type Rectangle } from "./plane";
import { blankPixels, type Drawing, type Pixels, type Surface } from "./surface";

/** Something marked on a plane. */
export interface Mark {
  boxes: PlaneBox[];
  /** The window, the cells that it touches one by one, or what a chosen input feeds. */
  as: "window" | "touched" | "fed" | "chosen";
}

/** A plane of values as it is drawn: the input with its padding around, or a feature map. */
export interface PlanePicture {
  layout: PlaneLayout;
  /** The cells that have values; those of the layout around them are padding. */
  inside: PlaneBox;
  /** A pixel for each cell inside. */
  pixels: Pixels;
  /** The number to write into a cell, with the colour below it; for cells that are big enough. */
  valueAt: (row: number, column: number) => { value: number; ground: Rgb } | null;
  marks: Mark[];
}

/** Cells from this size on have their number written in them. */
export const CELL_WITH_NUMBER = 28;
/** Cells from this size on are parted by lines. */
const CELL_WITH_RULE = 12;

export function planeDrawing(picture: PlanePicture, colours: Colours): Drawing {
  const { layout } = picture;
  return {
    width: layout.width,
    height: layout.height,
    draw(surface) {
      drawPadding(surface, picture, colours);
      const inside = rectangleOf(layout, picture.inside);
      surface.image(picture.pixels, inside.x, inside.y, inside.width, inside.height);
      if (layout.cell.width >= CELL_WITH_RULE) drawRules(surface, picture, colours);
      if (layout.cell.width >= CELL_WITH_NUMBER) drawNumbers(surface, picture);
      for (const mark of picture.marks) drawMark(surface, layout, mark, colours);
    },
  };
}

/** Padding is no value of the input: slanting lines, and the zero that the kernel meets there. */
function drawPadding(surface: Surface, { layout, inside }: PlanePicture, colours: Colours): void {
  const { box, cell, width, height } = layout;
  if (box.rows === inside.rows && box.columns === inside.columns) return;
  surface.rect(0, 0, width, height, { fill: colours.sunken });
  surface.clip(0, 0, width, height, () => {
    for (let x = -height; x < width; x += 7)
      surface.path(
        [
          [x, height],
          [x + height, 0],
        ],
        { stroke: colours.rule },
      );
  });
  if (cell.width < 18) return;
  const style = { size: Math.min(14, cell.width * 0.5), colour: colours.muted } as const;
  for (let row = box.row; row < box.row + box.rows; row += 1) {
    for (let column = box.column; column < box.column + box.columns; column += 1) {
      if (isIn(inside, row, column)) continue;
      const at = rectangleOf(layout, { row, column, rows: 1, columns: 1 });
      surface.text("0", at.x + at.width / 2, at.y + at.height / 2, {
        ...style,
        anchor: "middle",
        baseline: "middle",
      });
    }
  }
}

function drawRules(surface: Surface, { layout, inside }: PlanePicture, colours: Colours): void {
  const area = rectangleOf(layout, inside);
  const paint = { stroke: colours.surface, width: layout.cell.width >= 20 ? 1 : 0.5, opacity: 0.6 };
  for (let column = 1; column < inside.columns; column += 1) {
    const x = area.x + column * layout.cell.width;
    surface.path(
      [
        [x, area.y],
        [x, area.y + area.height],
      ],
      paint,
    );
  }
  for (let row = 1; row < inside.rows; row += 1) {
    const y = area.y + row * layout.cell.height;
    surface.path(
      [
        [area.x, y],
        [area.x + area.width, y],
      ],
      paint,
    );
  }
}

function drawNumbers(surface: Surface, { layout, inside, valueAt }: PlanePicture): void {
  for (let row = inside.row; row < inside.row + inside.rows; row += 1) {
    for (let column = inside.column; column < inside.column + inside.columns; column += 1) {
      const cell = valueAt(row, column);
      if (!cell) continue;
      const at = rectangleOf(layout, { row, column, rows: 1, columns: 1 });
      const { text, size } = fitted(cell.value, layout.cell.width);
      surface.text(text, at.x + at.width / 2, at.y + at.height / 2, {
        size,
        colour: inkOn(cell.ground),
        anchor: "middle",
        baseline: "middle",
      });
    }
  }
}

function drawMark(surface: Surface, layout: PlaneLayout, mark: Mark, colours: Colours): void {
  for (const box of mark.boxes) {
    const at = rectangleOf(layout, box);
    switch (mark.as) {
      case "window":
        outline(surface, at, { colour: colours.accent, halo: colours.surface, width: 3 });
        break;
      case "touched":
        surface.rect(at.x + 1, at.y + 1, Math.max(1, at.width - 2), Math.max(1, at.height - 2), {
          stroke: colours.accent,
          width: 1.5,
        });
        break;
      case "fed":
        outline(surface, at, { colour: colours.warning, halo: colours.surface, width: 1.5 });
        break;
      case "chosen":
        outline(surface, at, { colour: colours.warning, halo: colours.surface, width: 3 });
        break;
    }
  }
}

/** An outline that can be seen on any colour: it has a halo of the page's surface. */
function outline(
  surface: Surface,
  { x, y, width, height }: Rectangle,
  line: { colour: string; halo: string; width: number },
): void {
  // A cell of less than a few pixels is marked by a square around it.
  const grow = Math.max(0, 7 - Math.min(width, height)) / 2;
  const box = [x - grow, y - grow, width + 2 * grow, height + 2 * grow] as const;
  surface.rect(...box, { stroke: line.halo, width: line.width + 2.5 });
  surface.rect(...box, { stroke: line.colour, width: line.width });
}

/** What stands in each cell of a box; null leaves the colour of cells that aren't filled in yet. */
export type CellColour = (row: number, column: number) => Rgb | null;

export function pixelsOf(box: PlaneBox, colourAt: CellColour, open: Rgb): Pixels {
  const pixels = blankPixels(Math.max(1, box.columns), Math.max(1, box.rows));
  for (let row = 0; row < box.rows; row += 1) {
    for (let column = 0; column < box.columns; column += 1) {
      const colour = colourAt(row + box.row, column + box.column) ?? open;
      const start = 4 * (row * box.columns + column);
      for (let channel = 0; channel < 3; channel += 1)
        pixels.rgba[start + channel] = colour[channel] ?? 0;
      pixels.rgba[start + 3] = 255;
    }
  }
  return pixels;
}

/** The colours of a plane's values on a scale. */
export function coloursOf(values: ArrayLike<number>, columns: number, scale: Scale): CellColour {
  return (row, column) => colourOf(scale, values[row * columns + column] ?? NaN);
}

/**
 * Red, green and blue of a picture's values: as they are where they look like 0 to 1 or 0 to 255, otherwise from the
 * smallest to the largest value (pictures whose mean was taken off).
 */
export function pictureScale(range: {
  minimum: number;
  maximum: number;
}): (value: number) => number {
  const { minimum, maximum } = range;
  const [from, to] =
    minimum >= 0 && maximum <= 1.001
      ? [0, 1]
      : minimum >= 0 && maximum <= 255
        ? [0, 255]
        : [minimum, maximum];
  const factor = to > from ? 255 / (to - from) : 0;
  return (value) => Math.max(0, Math.min(255, Math.round((value - from) * factor)));
}

function isIn(box: PlaneBox, row: number, column: number): boolean {
  return (
    row >= box.row &&
    column >= box.column &&
    row < box.row + box.rows &&
    column < box.column + box.columns
  );
}
