import type { Colours } from "./colours";
import type { Drawing, Point } from "./surface";

/** One curve: points from left to right. */
export interface Curve {
  name: string;
  colour: string;
  /** Whether it is broken up into dashes: what was measured on samples that were not trained on. */
  dashed?: boolean;
  points: readonly Point[];
}

export interface ChartRange {
  x: readonly [number, number];
  y: readonly [number, number];
}

/** The smallest range that holds all curves, with a little room above and below. */
export function rangeOf(curves: readonly Curve[]): ChartRange | null {
  const points = curves.flatMap((curve) => curve.points);
  if (points.length === 0) return null;
  const [left, right] = endsOf(points.map(([x]) => x));
  const [low, high] = endsOf(points.map(([, y]) => y));
  const room = (high - low) * 0.06 || Math.abs(high) * 0.1 || 1;
  const floor = low >= 0 ? Math.max(0, low - room) : low - room;
  return { x: right > left ? [left, right] : [left, left + 1], y: [floor, high + room] };
}

function endsOf(values: readonly number[]): [number, number] {
  return values.reduce<[number, number]>(
    ([low, high], value) => [Math.min(low, value), Math.max(high, value)],
    [Infinity, -Infinity],
  );
}

/** Round numbers within a range, about `count` of them: steps of 1, 2 or 5 times a power of ten. */
export function ticksOf([low, high]: readonly [number, number], count = 5): number[] {
  const rough = (high - low) / count;
  if (!(rough > 0)) return [low];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = power * ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10);
  const first = Math.ceil(low / step - 1e-9);
  const last = Math.floor(high / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, place) =>
    Number(((first + place) * step).toPrecision(12)),
  );
}

const SIZE = { width: 760, height: 400 };
const EDGE = { left: 64, right: 20, top: 44, bottom: 48 };

/** A line chart as a file holds it. */
export function lineChart(
  curves: readonly Curve[],
  axes: { x: string; y: string },
  colours: Colours,
): Drawing {
  const range = rangeOf(curves) ?? { x: [0, 1], y: [0, 1] };
  const plot = {
    width: SIZE.width - EDGE.left - EDGE.right,
    height: SIZE.height - EDGE.top - EDGE.bottom,
  };
  const atX = (x: number) =>
    EDGE.left + ((x - range.x[0]) / (range.x[1] - range.x[0])) * plot.width;
  const atY = (y: number) =>
    EDGE.top + (1 - (y - range.y[0]) / (range.y[1] - range.y[0])) * plot.height;
  const small = { size: 13, colour: colours.muted } as const;
  return {
    ...SIZE,
    draw(surface) {
      for (const tick of ticksOf(range.y)) {
        const y = atY(tick);
        surface.path(
          [
            [EDGE.left, y],
            [SIZE.width - EDGE.right, y],
          ],
          { stroke: colours.rule },
        );
        surface.text(String(tick), EDGE.left - 8, y, {
          ...small,
          anchor: "end",
          baseline: "middle",
        });
      }
      const bottom = SIZE.height - EDGE.bottom;
      for (const tick of ticksOf(range.x, 8))
        surface.text(String(tick), atX(tick), bottom + 20, { ...small, anchor: "middle" });
      surface.text(axes.x, EDGE.left + plot.width / 2, SIZE.height - 8, {
        ...small,
        anchor: "middle",
      });
      surface.text(axes.y, EDGE.left, 16, small);
      let left = EDGE.left + 90;
      for (const { name, colour, dashed, points } of curves) {
        const paint = { stroke: colour, width: 2, ...(dashed && { dash: [6, 4] }) };
        surface.path(
          points.map(([x, y]) => [atX(x), atY(y)] as const),
          paint,
        );
        surface.path(
          [
            [left, 12],
            [left + 22, 12],
          ],
          paint,
        );
        surface.text(name, left + 28, 16, { size: 13, colour: colours.ink });
        left += 44 + 7 * name.length;
      }
    },
  };
}
