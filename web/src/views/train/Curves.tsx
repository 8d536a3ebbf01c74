import { dark } from "../../app/theme";
import { Figure } from "../../components/Figure";
import { LineChart } from "../../components/LineChart";
import { colours } from "../../drawing/colours";
import { lineChart, type Curve } from "../../drawing/line-chart";
import { seriesColour } from "../../drawing/series-colours";
import { formatPercent, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import {
  heldOutPoints,
  measuresOf,
  ratePoints,
  trainedPoints,
  type TrainingStory,
} from "./training";

/** What the usual measures are called; the others by their own names. */
const MEASURES: Record<string, string> = {
  loss: "what-if-loss",
  accuracy: "what-if-accuracy",
};

/** A chart for each measure, training and validation together, and one for the learning rate. */
export function Curves({ story, name }: { story: TrainingStory; name: string }) {
  const { t } = useText();
  const charts = measuresOf(story).map((measure) => ({
    measure,
    title: t(MEASURES[measure] ?? measure),
    curves: [
      {
        name: t("train-training"),
        colour: seriesColour(0, dark.value),
        points: trainedPoints(story, measure),
      },
      {
        name: t("train-validation"),
        colour: seriesColour(1, dark.value),
        dashed: true,
        points: heldOutPoints(story, measure),
      },
    ].filter(({ points }) => points.length > 0),
  }));
  const rate: Curve = {
    name: t("train-rate"),
    colour: seriesColour(2, dark.value),
    points: ratePoints(story),
  };
  return (
    <div class="train-curves">
      {charts.map(({ measure, title, curves }) => (
        <Chart
          key={measure}
          title={title}
          share={measure.includes("accuracy")}
          curves={curves}
          name={`${name}-${measure}`}
        />
      ))}
      <Chart title={t("train-rate")} share={false} curves={[rate]} name={`${name}-learning-rate`} />
    </div>
  );
}

interface ChartProps {
  title: string;
  /** Whether the values are shares of a whole, said in percent. */
  share: boolean;
  curves: Curve[];
  name: string;
}

function Chart({ title, share, curves, name }: ChartProps) {
  const { t } = useText();
  const format = (value: number) => (share ? formatPercent(value) : formatValue(value));
  const ends = curves.map((curve) => `${curve.name} ${format(curve.points.at(-1)?.[1] ?? 0)}`);
  const description = t("train-curve-description", { title, ends: ends.join(", ") });
  return (
    <Figure
      title={title}
      description={description}
      name={name}
      drawing={() => lineChart(curves, { x: t("train-epoch"), y: title }, colours.value)}
      data={() => curves.map(({ name: series, points }) => ({ series, points }))}
    >
      <LineChart
        label={description}
        curves={curves}
        xLabel={t("train-epoch")}
        height={230}
        format={format}
      />
    </Figure>
  );
}
