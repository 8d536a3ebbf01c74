import { useEffect, useRef, useState } from "preact/hooks";
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { colours } from "../drawing/colours";
import { rangeOf, type Curve } from "../drawing/line-chart";
import { useWidth } from "../drawing/width";
import { FONTS } from "../drawing/surface";
import "./LineChart.css";

interface LineChartProps {
  /** What the chart shows, for those who can't see it. */
  label: string;
  curves: readonly Curve[];
  xLabel: string;
  height?: number;
  format(value: number): string;
}

/** Curves that grow while one looks on; the cursor reads the values off. */
export function LineChart({ label, curves, xLabel, height = 260, format }: LineChartProps) {
  const [place, width] = useWidth<HTMLDivElement>();
  const chart = useRef<uPlot | null>(null);
  const [pointed, setPointed] = useState<number | null>(null);
  const { ink, muted, rule } = colours.value;
  // Another set of curves or colours is another chart; new points are not.
  const look = JSON.stringify([
    curves.map(({ name, colour, dashed }) => [name, colour, dashed]),
    xLabel,
    ink,
    height,
  ]);

  useEffect(() => {
    if (width === 0) return;
    const font = `13px ${FONTS.sans}`;
    const axis = { stroke: muted, font, grid: { stroke: rule, width: 1 }, ticks: { show: false } };
    const options: uPlot.Options = {
      width,
      height,
      padding: [10, 12, 0, 0],
      cursor: { y: false, points: { size: 8 } },
      legend: { show: false },
      scales: { x: { time: false } },
      hooks: { setCursor: [(self) => setPointed(placeUnder(self))] },
      axes: [
        {
          ...axis,
          label: xLabel,
          labelFont: font,
          labelSize: 18,
          size: 28,
          grid: { show: false },
          incrs: stepsOf,
        },
        { ...axis, size: 60, values: (_, values) => values.map(tickText) },
      ],
      series: [
        {},
        ...curves.map(({ name, colour, dashed }): uPlot.Series => ({
          label: name,
          stroke: colour,
          width: 2,
          spanGaps: true,
          ...(dashed && { dash: [6, 4] }),
          points: { show: (self, series) => (self.data[series]?.length ?? 0) < 24 },
        })),
      ],
    };
    const made = new uPlot(options, tablesOf(curves), place.current!);
    chart.current = made;
    return () => {
      chart.current = null;
      made.destroy();
    };
    // `look` stands for what the options are made of.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [look, width]);

  useEffect(() => {
    const range = rangeOf(curves);
    const made = chart.current;
    if (!made || !range) return;
    made.batch(() => {
      made.setData(tablesOf(curves), false);
      made.setScale("x", { min: range.x[0], max: range.x[1] });
      made.setScale("y", { min: range.y[0], max: range.y[1] });
    });
  });

  return (
    <div class="line-chart" role="group" aria-label={label}>
      <div ref={place} style={{ minHeight: height }} />
      <ul class="line-legend">
        {curves.map((curve) => (
          <li key={curve.name}>
            <span
              class={curve.dashed ? "line-mark dashed" : "line-mark"}
              style={{ borderColor: curve.colour }}
            />
            {curve.name} <b class="number">{valueText(curve, pointed, format)}</b>
          </li>
        ))}
        {pointed !== null && (
          <li class="muted number">
            {xLabel} {round(pointed)}
          </li>
        )}
      </ul>
    </div>
  );
}

/** Steps between ticks along the axis: whole ones, unless it is shorter than one. */
function stepsOf(_: uPlot, _axis: number, low: number, high: number): number[] {
  const whole = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 5000];
  return high - low < 1 ? [0.1, 0.2, 0.5, ...whole] : whole;
}

function tickText(value: number): string {
  const small = value !== 0 && Math.abs(value) < 1e-3;
  return small ? round(value).toExponential().replace("e-", "e−") : String(round(value));
}

/** Where the cursor is, in the units of the axis; null when it is elsewhere. */
function placeUnder({ cursor, data }: uPlot): number | null {
  return cursor.idx === null || cursor.idx === undefined ? null : (data[0][cursor.idx] ?? null);
}

/** The value of a curve at a place, or its last one. */
function valueText(
  { points }: Curve,
  pointed: number | null,
  format: (value: number) => string,
): string {
  const point = pointed === null ? points.at(-1) : points.findLast(([x]) => x <= pointed);
  return point ? format(point[1]) : "–";
}

/** One list of places for all curves, and for each curve its value or a gap. */
function tablesOf(curves: readonly Curve[]): uPlot.AlignedData {
  const tables = curves.map(({ points }): uPlot.AlignedData => [
    points.map(([x]) => x),
    points.map(([, y]) => y),
  ]);
  return tables.length > 0 ? uPlot.join(tables) : [[]];
}

function round(value: number): number {
  return Number(value.toPrecision(4));
}
