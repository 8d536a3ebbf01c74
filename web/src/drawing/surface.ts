/**
 * What drawings are drawn on: a canvas on the page, or an SVG for export. A drawing is a function of a surface, so the
 * picture that a person saves is the one that they see.
 */
export interface Surface {
  rect(
    x: number,
    y: number,
    width: number,
    height: number,
    paint: Paint & { radius?: number },
  ): void;
  path(points: readonly Point[], paint: Paint & { closed?: boolean }): void;
  /** A smooth line through bend points, as edges of graphs are drawn. */
  curve(points: readonly Point[], paint: Paint): void;
  text(content: string, x: number, y: number, style: TextStyle): void;
  /** A picture of one pixel a value, or a part of it, scaled without smoothing. */
  image(pixels: Pixels, x: number, y: number, width: number, height: number, part?: Part): void;
  /** What `draw` draws is moved by (x, y) and then scaled. */
  within(x: number, y: number, scale: number, draw: () => void): void;
  clip(x: number, y: number, width: number, height: number, draw: () => void): void;
}

export type Point = readonly [number, number];

export interface Paint {
  fill?: string | undefined;
  stroke?: string | undefined;
  width?: number | undefined;
  dash?: readonly number[] | undefined;
  opacity?: number | undefined;
}

export interface TextStyle {
  size: number;
  colour: string;
  anchor?: "start" | "middle" | "end";
  /** Where y is: the baseline, or the middle of the letters. */
  baseline?: "alphabetic" | "middle";
  weight?: number;
  family?: "sans" | "mono";
}

export interface Pixels {
  columns: number;
  rows: number;
  /** Four bytes a pixel. */
  rgba: Uint8ClampedArray<ArrayBuffer>;
}

/** Some columns and rows of a picture. */
export interface Part {
  column: number;
  row: number;
  columns: number;
  rows: number;
}

export interface Drawing {
  width: number;
  height: number;
  draw(surface: Surface): void;
}

export const FONTS = {
  sans: 'ui-sans-serif, system-ui, "Noto Sans SC", "Noto Sans CJK SC", sans-serif',
  mono: "ui-monospace, SFMono-Regular, Menlo, Consolas, monospace",
};

export function blankPixels(columns: number, rows: number): Pixels {
  return { columns, rows, rgba: new Uint8ClampedArray(4 * columns * rows) };
}

export function wholeOf({ columns, rows }: Pixels): Part {
  return { column: 0, row: 0, columns, rows };
}
