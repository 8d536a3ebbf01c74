import { useState } from "preact/hooks";
import type { Histogram } from "../../api/types";
import { Canvas } from "../../components/Canvas";
import { Figure } from "../../components/Figure";
import { Segmented } from "../../components/Segmented";
import { colours } from "../../drawing/colours";
import { formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { stripPixels, stripRange } from "./strips";
import { stripsDrawing } from "./strips-drawing";
import type { WeightStory } from "./training";

type Shown = "kernels" | "all";

/** A strip over time for each weight and its gradient: dark where many values are. */
export function Histograms({ weights, name }: { weights: readonly WeightStory[]; name: string }) {
  const { t } = useText();
  const [shown, setShown] = useState<Shown>("kernels");
  const chosen = weights.filter(({ weight }) => shown === "all" || weight.includes("kernel"));
  const rows = chosen.length > 0 ? chosen : weights;
  return (
    <Figure
      title={t("train-histograms")}
      description={t("train-histograms-description", { count: rows.length })}
      name={`${name}-histograms`}
      drawing={() =>
        stripsDrawing(
          rows,
          { values: t("train-values"), gradient: t("train-gradient") },
          colours.value,
        )
      }
      data={() => rows}
      controls={
        <Segmented<Shown>
          label={t("train-histograms-which")}
          options={[
            { value: "kernels", text: t("train-kernels") },
            { value: "all", text: t("train-all-weights") },
          ]}
          value={shown}
          onChange={setShown}
        />
      }
    >
      <p class="muted small">{t("train-histograms-legend")}</p>
      <ul class="strips">
        {rows.map(({ layer, weight, moments }) => (
          <li key={`${layer}/${weight}`} class="strip-row">
            <h3 class="mono">{`${layer} / ${weight}`}</h3>
            <Strip
              label={t("train-values")}
              histograms={moments.map(({ values }) => values)}
              ink={colours.value.accent}
            />
            <Strip
              label={t("train-gradient")}
              histograms={moments.flatMap(({ gradient }) => gradient ?? [])}
              ink={colours.value.warning}
            />
          </li>
        ))}
      </ul>
    </Figure>
  );
}

interface StripProps {
  label: string;
  histograms: readonly Histogram[];
  ink: string;
}

function Strip({ label, histograms, ink }: StripProps) {
  const { t } = useText();
  const last = histograms.at(-1);
  if (!last) return <p class="muted small strip-none">{t("train-no-gradient")}</p>;
  const [low, high] = stripRange(histograms);
  const numbers = t("train-spread", {
    mean: formatValue(last.mean),
    deviation: formatValue(last.deviation),
  });
  return (
    <div class="strip">
      <span class="muted small">{label}</span>
      <div class="strip-picture">
        <Canvas
          label={`${label}: ${numbers}`}
          draw={(surface, { width, height }) =>
            surface.image(
              stripPixels(histograms, { ground: colours.value.sunken, ink }),
              0,
              0,
              width,
              height,
            )
          }
        />
        <span class="strip-end number">{formatValue(high, 2)}</span>
        <span class="strip-end low number">{formatValue(low, 2)}</span>
      </div>
      <span class="muted small number">{numbers}</span>
    </div>
  );
}
