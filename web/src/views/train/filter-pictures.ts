import type { Tensor } from "../../api/client";
import type { Colours } from "../../drawing/colours";
import { divergingScale, paintValues } from "../../drawing/palette";
import { blankPixels, type Pixels, type Surface } from "../../drawing/surface";
import type { Size } from "../../drawing/viewport";

/** More filters than this are too small to be seen change. */
const MOST_FILTERS = 96;

/**
 * A picture for each filter of shape (filters, channels, height, width): in colours where it sees red, green and blue,
 * else its first kernel on a scale whose middle is zero. All filters share one scale.
 */
export function filterPictures({ shape, data }: Tensor, dark: boolean): Pixels[] {
  const [filters = 0, channels = 1, ...sides] = shape;
  // A 1-D kernel is one row; of a 3-D one the first slice is shown.
  const [rows = 1, columns = 1] = sides.length === 1 ? [1, sides[0]!] : sides.slice(-2);
  const area = sides.reduce((product, side) => product * side, 1);
  let largest = 0;
  for (const value of data) largest = Math.max(largest, Math.abs(value));
  const scale = divergingScale(largest, dark);
  return Array.from({ length: Math.min(filters, MOST_FILTERS) }, (_, filter) => {
    const picture = blankPixels(columns, rows);
    const plane = (channel: number) => {
      const first = (filter * channels + channel) * area;
      return data.subarray(first, first + rows * columns);
    };
    if (channels === 3) paintColours(picture, [plane(0), plane(1), plane(2)], largest);
    else paintValues(plane(0), scale, picture.rgba);
    return picture;
  });
}

/** Zero is middle grey, the largest weight of all filters full colour. */
function paintColours(
  { rgba }: Pixels,
  planes: readonly [Float32Array, Float32Array, Float32Array],
  largest: number,
): void {
  planes.forEach((plane, channel) =>
    plane.forEach((value, pixel) => {
      rgba[4 * pixel + channel] = 127.5 * (1 + value / (largest || 1));
      rgba[4 * pixel + 3] = 255;
    }),
  );
}

/** Rows and columns for so many filters: about twice as wide as high. */
export function filterGrid(count: number): { columns: number; rows: number } {
  const columns = Math.max(1, Math.min(count, Math.ceil(Math.sqrt(2 * count))));
  return { columns, rows: Math.max(1, Math.ceil(count / columns)) };
}

export function drawFilters(
  surface: Surface,
  pictures: readonly Pixels[],
  size: Size,
  colours: Colours,
): void {
  const { columns, rows } = filterGrid(pictures.length);
  const cell = Math.min(size.width / columns, size.height / rows);
  const side = cell - Math.max(2, cell * 0.1);
  pictures.forEach((picture, place) => {
    const x = (place % columns) * cell;
    const y = Math.floor(place / columns) * cell;
    // Kernels that are not square keep their proportions.
    const longest = Math.max(picture.columns, picture.rows);
    const [width, height] = [(side * picture.columns) / longest, (side * picture.rows) / longest];
    surface.image(picture, x, y, width, height);
    surface.rect(x, y, width, height, { stroke: colours.rule });
  });
}
