import type { Histogram } from "../../api/types";
import { fromHex, mix, type Rgb } from "../../drawing/palette";
import { blankPixels, type Pixels } from "../../drawing/surface";

/** The rows of a strip: values from the largest at the top to the smallest. */
export const STRIP_ROWS = 48;

/** The range that a strip shows: that of all its histograms. */
export function stripRange(histograms: readonly Histogram[]): readonly [number, number] {
  const low = Math.min(...histograms.map(({ minimum }) => minimum));
  const high = Math.max(...histograms.map(({ maximum }) => maximum));
  return high > low ? [low, high] : [low - 0.5, high + 0.5];
}

/** How many values of a histogram fall into each row of a strip, spread evenly within its bars; the top row first. */
export function rowsOf(histogram: Histogram, [low, high]: readonly [number, number]): number[] {
  const rows = new Array<number>(STRIP_ROWS).fill(0);
  const { minimum, maximum, counts } = histogram;
  const rowSize = (high - low) / STRIP_ROWS;
  const barSize = (maximum - minimum) / counts.length;
  counts.forEach((count, bar) => {
    if (count === 0) return;
    const from = (minimum + bar * barSize - low) / rowSize;
    const to = Math.max(from + 1e-9, (minimum + (bar + 1) * barSize - low) / rowSize);
    for (let row = Math.floor(from); row < to && row < STRIP_ROWS; row++) {
      const part = (Math.min(to, row + 1) - Math.max(from, row)) / (to - from);
      rows[STRIP_ROWS - 1 - Math.max(0, row)]! += count * part;
    }
  });
  return rows;
}

/**
 * Histograms side by side: a column for each, dark where many values are. The colour grows with the square root of
 * the count, so that the few values far from the middle are seen too.
 */
export function stripPixels(
  histograms: readonly Histogram[],
  { ground, ink }: { ground: string; ink: string },
): Pixels {
  const range = stripRange(histograms);
  const pixels = blankPixels(Math.max(1, histograms.length), STRIP_ROWS);
  const [from, to]: [Rgb, Rgb] = [fromHex(ground), fromHex(ink)];
  histograms.forEach((histogram, column) => {
    const rows = rowsOf(histogram, range);
    const most = Math.max(1e-9, ...rows);
    rows.forEach((count, row) => {
      const rgb = mix(from, to, Math.sqrt(count / most));
      pixels.rgba.set([...rgb.map(Math.round), 255], 4 * (row * pixels.columns + column));
    });
  });
  return pixels;
}
