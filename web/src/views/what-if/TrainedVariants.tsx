import { useState } from "preact/hooks";
import type { WhatIf } from "../../api/types";
import { session } from "../../app/session";
import { dark } from "../../app/theme";
import { Figure } from "../../components/Figure";
import { LineChart } from "../../components/LineChart";
import { Segmented } from "../../components/Segmented";
import { colours } from "../../drawing/colours";
import { lineChart, type Curve } from "../../drawing/line-chart";
import { seriesColour } from "../../drawing/series-colours";
import { formatPercent, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { pointsOf, type ComparisonStory } from "./comparison";

interface TrainedVariantsProps {
  whatIf: WhatIf;
  story: ComparisonStory;
  name: string;
  start(data: string, epochs: number): void;
  stop(): void;
}

type Measure = "accuracy" | "loss";

/** Trains every variant with the same seed and budget, and shows the curves as they grow. */
export function TrainedVariants({ whatIf, story, name, start, stop }: TrainedVariantsProps) {
  const { t } = useText();
  const sets = session.value?.data_sets ?? [];
  const [data, setData] = useState<string | null>(null);
  const [epochs, setEpochs] = useState(3);
  const [measure, setMeasure] = useState<Measure>("accuracy");
  const chosen = data ?? story.data ?? sets[0] ?? "";
  const running = story.state === "running";
  const curves = whatIf.variants.flatMap((variant, place): Curve[] => {
    const points = pointsOf(story.variants[place], measure);
    const colour = seriesColour(place, dark.value);
    return points.length > 0 ? [{ name: variant.name, colour, points }] : [];
  });
  const title = measure === "accuracy" ? t("what-if-accuracy") : t("what-if-loss");
  return (
    <Figure
      title={t("what-if-trained")}
      description={t("what-if-trained-description")}
      name={`${name}-what-if-${measure}`}
      {...(curves.length > 0 && {
        drawing: () => lineChart(curves, { x: t("train-epoch"), y: title }, colours.value),
        data: () => story.result ?? story.variants,
      })}
      controls={
        curves.length > 0 && (
          <Segmented<Measure>
            label={t("what-if-measure")}
            options={[
              { value: "accuracy", text: t("what-if-accuracy") },
              { value: "loss", text: t("what-if-loss") },
            ]}
            value={measure}
            onChange={setMeasure}
          />
        )
      }
    >
      <form
        class="row"
        onSubmit={(event) => {
          event.preventDefault();
          if (running) stop();
          else start(chosen, epochs);
        }}
      >
        <label class="labelled">
          {t("train-data")}
          <select
            class="field"
            value={chosen}
            disabled={running}
            onChange={(event) => setData(event.currentTarget.value)}
          >
            {sets.map((set) => (
              <option key={set}>{set}</option>
            ))}
          </select>
        </label>
        <label class="labelled">
          {t("train-epochs")}
          <input
            class="field short"
            type="number"
            min={1}
            max={100}
            required
            value={epochs}
            disabled={running}
            onInput={(event) => setEpochs(event.currentTarget.valueAsNumber || 1)}
          />
        </label>
        <button type="submit" class={running ? "button" : "button primary"}>
          {running ? t("train-stop") : t("what-if-start")}
        </button>
        {running && (
          <progress max={1} value={story.progress ?? 0} aria-label={t("train-progress")} />
        )}
        {story.state === "cancelled" && <p class="muted">{t("what-if-stopped")}</p>}
      </form>
      {story.problem && (
        <p class="problem" role="alert">
          {story.problem}
        </p>
      )}
      {curves.length > 0 && (
        <LineChart
          label={`${title}: ${curves.map(({ name }) => name).join(", ")}`}
          curves={curves}
          xLabel={t("train-epoch")}
          format={measure === "accuracy" ? formatPercent : (value) => formatValue(value)}
        />
      )}
    </Figure>
  );
}
