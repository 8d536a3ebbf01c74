import type { Tensor } from "../../api/client";
import { colourOf, type Scale } from "../../drawing/palette";
import { rangeOf } from "../../drawing/plane";
import { pictureScale } from "../../drawing/plane-picture";
import { blankPixels, type Pixels } from "../../drawing/surface";

/** A picture of shape (height, width, 1 or 3) in its colours; of other numbers of channels, the first is grey. */
export function picturePixels({ shape, data }: Tensor): Pixels {
  const [rows = 1, columns = 1, channels = 1] = shape;
  const pixels = blankPixels(columns, rows);
  const scale = pictureScale(rangeOf(data));
  for (let cell = 0; cell < rows * columns; cell += 1) {
    for (let channel = 0; channel < 3; channel += 1) {
      const from = channels === 3 ? channel : 0;
      pixels.rgba[4 * cell + channel] = scale(data[cell * channels + from] ?? 0);
    }
    pixels.rgba[4 * cell + 3] = 255;
  }
  return pixels;
}

/**
 * A map of shape (height, width) over a picture: the stronger a value, the more it covers. The picture turns grey as the
 * map covers more, so that all colour left is the map's.
 */
export function overlayPixels(
  picture: Pixels,
  map: Tensor,
  { scale, opacity }: { scale: Scale; opacity: number },
): Pixels {
  const [rows = 1, columns = 1] = map.shape;
  const pixels = blankPixels(columns, rows);
  const strongest = Math.max(Math.abs(scale.minimum), Math.abs(scale.maximum)) || 1;
  for (let row = 0; row < rows; row += 1) {
    for (let column = 0; column < columns; column += 1) {
      const cell = row * columns + column;
      const value = map.data[cell] ?? 0;
      const cover = opacity * Math.sqrt(Math.min(1, Math.abs(value) / strongest));
      const colour = colourOf(scale, value);
      const below = 4 * cellBelow(picture, { row: row / rows, column: column / columns });
      const light = [0, 1, 2].map((channel) => picture.rgba[below + channel] ?? 0);
      const grey = light.reduce((sum, value, channel) => sum + value * (LUMA[channel] ?? 0), 0);
      for (let channel = 0; channel < 3; channel += 1) {
        const ground = (1 - opacity) * (light[channel] ?? 0) + opacity * grey;
        pixels.rgba[4 * cell + channel] = (1 - cover) * ground + cover * (colour[channel] ?? 0);
      }
      pixels.rgba[4 * cell + 3] = 255;
    }
  }
  return pixels;
}

/** How bright red, green and blue look (ITU-R BT.601). */
const LUMA = [0.299, 0.587, 0.114];

function cellBelow({ rows, columns }: Pixels, share: { row: number; column: number }): number {
  return Math.floor(share.row * rows) * columns + Math.floor(share.column * columns);
}
