import type { ConvolutionInfo, WhatIf } from "../../api/types";
import { dark } from "../../app/theme";
import { Canvas } from "../../components/Canvas";
import { Figure } from "../../components/Figure";
import { colours } from "../../drawing/colours";
import { formatCompact, formatCount, formatPercent, formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { kernelsOf, sampleShape, shareOf, trainedNow, type ComparisonStory } from "./comparison";
import { drawSchematic } from "./schematic";
import { variantsDrawing } from "./variants-drawing";

interface VariantsProps {
  whatIf: WhatIf;
  convolution: ConvolutionInfo;
  story: ComparisonStory;
  /** The stem of files that are saved. */
  name: string;
}

/** A row for each way of sharing: which kernels are tied, what it counts and costs, and what training gave. */
export function Variants({ whatIf, convolution, story, name }: VariantsProps) {
  const { t } = useText();
  const { variants } = whatIf;
  const own = variants.find((variant) => variant.as_it_is);
  const [params, macs] = [variants.map(({ params }) => params), variants.map(({ macs }) => macs)];
  const now = trainedNow(story, variants.length);
  return (
    <Figure
      title={t("what-if-ways")}
      description={t("what-if-description", { count: variants.length, layer: whatIf.layer })}
      name={`${name}-what-if`}
      drawing={() =>
        variantsDrawing(
          { whatIf, convolution },
          { parameters: t("what-if-parameters"), macs: t("what-if-macs") },
          { colours: colours.value, dark: dark.value },
        )
      }
      data={() => story.result ?? whatIf}
    >
      <p class="muted small">{t("what-if-legend")}</p>
      <ol class="variants">
        {variants.map((variant, place) => {
          const kernels = kernelsOf(variant, convolution);
          const training = story.variants[place];
          return (
            <li key={place} class={variant.as_it_is ? "variant own" : "variant"}>
              <div class="variant-picture">
                <Canvas
                  label={t("what-if-picture", {
                    channels: kernels.channels,
                    filters: kernels.filters,
                    name: variant.name,
                  })}
                  draw={(surface, size) =>
                    drawSchematic(
                      surface,
                      size,
                      { sharing: variant.sharing, kernels },
                      { colours: colours.value, dark: dark.value },
                    )
                  }
                />
              </div>
              <div class="variant-name">
                <h3>
                  {variant.name}
                  {variant.as_it_is && <span class="mark">{t("what-if-as-it-is")}</span>}
                </h3>
                <p class="muted small">
                  {`${variant.type} → ${formatShape(sampleShape(variant.output_shape, convolution.rank))}`}
                </p>
                <p class="small number">{variant.formula}</p>
              </div>
              <Amount
                label={t("what-if-parameters")}
                value={formatCount(variant.params)}
                share={shareOf(variant.params, params)}
                beside={own && !variant.as_it_is ? timesText(variant.params, own.params) : ""}
              />
              <Amount
                label={t("what-if-macs")}
                value={variant.macs === null ? "?" : formatCompact(variant.macs)}
                share={shareOf(variant.macs, macs)}
                beside={own && !variant.as_it_is ? timesText(variant.macs, own.macs) : ""}
              />
              <p class="variant-result small">
                {training?.done && (
                  <>
                    <b class="number">
                      {training.done.test_accuracy === null
                        ? "–"
                        : formatPercent(training.done.test_accuracy)}
                    </b>
                    <span class="muted">
                      {t("what-if-after", { seconds: training.done.seconds.toFixed(1) })}
                    </span>
                  </>
                )}
                {training?.refused && <span title={training.refused}>{t("what-if-refused")}</span>}
                {now === place && (
                  <span class="muted" role="status">
                    {t("what-if-training", {
                      epoch: (training?.epochs.length ?? 0) + 1,
                      epochs: story.epochs,
                    })}
                  </span>
                )}
              </p>
            </li>
          );
        })}
      </ol>
      {whatIf.left_out.length > 0 && (
        <ul class="muted small variants-left-out">
          {whatIf.left_out.map((reason) => (
            <li key={reason}>{reason}</li>
          ))}
        </ul>
      )}
    </Figure>
  );
}

interface AmountProps {
  label: string;
  value: string;
  share: number;
  /** In proportion to the layer as it is. */
  beside: string;
}

function Amount({ label, value, share, beside }: AmountProps) {
  return (
    <div class="amount-bar">
      <span class="muted small">{label}</span>
      <span class="number">
        <b>{value}</b> {beside && <span class="muted small">{beside}</span>}
      </span>
      <span class="bar" aria-hidden="true">
        <span style={{ width: `${100 * share}%` }} />
      </span>
    </div>
  );
}

/** 0.33 ×: in proportion to another amount. */
function timesText(value: number | null, own: number | null): string {
  if (value === null || !own) return "";
  const times = value / own;
  return `${times.toFixed(times < 0.1 ? 3 : 2)} ×`;
}
