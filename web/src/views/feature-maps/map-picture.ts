import type { Plane } from "../../api/values";
import type { Colours } from "../../drawing/colours";
import { paintValues, scaleFor, type Scale } from "../../drawing/palette";
import { rangeOf } from "../../drawing/plane";
import { blankPixels, type Surface } from "../../drawing/surface";

/** A map as it is drawn: rows and columns of one slice, or a line. */
export interface MapPicture {
  rows: number;
  columns: number;
  values: Float32Array;
}

/** One slice of a channel; 1-D maps are one row, plain numbers one cell. */
export function pictureOf({ size, values }: Plane, slice: number): MapPicture {
  const columns = size.at(-1) ?? 1;
  const rows = size.length > 1 ? (size.at(-2) ?? 1) : 1;
  const length = rows * columns;
  const start = size.length > 2 ? slice * length : 0;
  return { rows, columns, values: values.subarray(start, start + length) };
}

/** The scale of one map, or of all maps of its layer. */
export function scaleOf(
  plane: Plane,
  layer: { minimum: number; maximum: number } | null,
  dark: boolean,
): Scale {
  const { minimum, maximum } = layer ?? rangeOf(plane.values);
  return scaleFor(minimum, maximum, dark);
}

/** The same pixels are drawn again and again while a person looks on. */
const painted = new WeakMap<
  Float32Array,
  { scale: string; pixels: ReturnType<typeof blankPixels> }
>();

export function drawMap(
  surface: Surface,
  picture: MapPicture,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  scale: Scale,
): void {
  const key = `${scale.kind} ${scale.minimum} ${scale.maximum} ${scale.table[0]?.join()}`;
  let known = painted.get(picture.values);
  if (known?.scale !== key) {
    const pixels = blankPixels(picture.columns, picture.rows);
    paintValues(picture.values, scale, pixels.rgba);
    known = { scale: key, pixels };
    painted.set(picture.values, known);
  }
  surface.image(known.pixels, x, y, width, height);
}

/** A 1-D map as a curve over its zero line. */
export function drawCurve(
  surface: Surface,
  { values }: MapPicture,
  { x, y, width, height }: { x: number; y: number; width: number; height: number },
  { scale, colours }: { scale: Scale; colours: Colours },
): void {
  const low = Math.min(0, scale.minimum);
  const span = scale.maximum - low || 1;
  const heightAt = (value: number): number =>
    y + height - 3 - ((value - low) / span) * (height - 6);
  surface.rect(x, y, width, height, { fill: colours.raised });
  surface.path(
    [
      [x, heightAt(0)],
      [x + width, heightAt(0)],
    ],
    { stroke: colours.rule },
  );
  const step = values.length > 1 ? width / (values.length - 1) : 0;
  surface.path(
    Array.from(values, (value, index) => [x + index * step, heightAt(value)] as const),
    { stroke: colours.accent, width: 1.75 },
  );
}
