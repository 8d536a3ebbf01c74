import type { Tensor } from "../../api/client";
import type { FilterMatrix } from "../../api/types";
import { colourOf, cssColour, inkOn, type Scale } from "../../drawing/palette";
import { formatPercent, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import type { Chosen } from "./FilterCanvas";
import { kernelOf } from "./kernels";

interface FilterDetailsProps {
  matrix: FilterMatrix;
  kernels: Tensor;
  scale: Scale;
  chosen: Chosen;
  onChannel(channel: number): void;
  onConvolve(): void;
}

/** One filter in numbers, and one of its kernels with every weight. */
export function FilterDetails(props: FilterDetailsProps) {
  const { matrix, kernels, scale, chosen, onChannel, onConvolve } = props;
  const { t } = useText();
  const statistics = matrix.statistics[chosen.filter]!;
  const first = matrix.first_channel[chosen.filter] ?? 0;
  const depth = matrix.channels_per_filter;
  return (
    <section class="filter-details" aria-label={t("filter-number", { filter: chosen.filter })}>
      <header class="row">
        <h2>{t("filter-number", { filter: chosen.filter })}</h2>
        <button type="button" class="button primary" onClick={onConvolve}>
          {t("filter-convolve")}
        </button>
      </header>
      {statistics.dead && <p class="marked">{t("filter-dead")}</p>}
      {statistics.duplicate_of !== null && (
        <p class="marked">{t("filter-twin", { filter: statistics.duplicate_of })}</p>
      )}
      {matrix.groups > 1 && (
        <p class="muted">
          {t("filter-sees", { first, last: first + depth - 1, all: matrix.in_channels })}
        </p>
      )}
      <dl class="filter-numbers number">
        <Number term={t("filter-norm")} value={formatValue(statistics.norm)} />
        <Number term={t("filter-mean")} value={formatValue(statistics.mean)} />
        <Number
          term={t("filter-range")}
          value={`${formatValue(statistics.minimum)} … ${formatValue(statistics.maximum)}`}
        />
        <Number term={t("filter-zeros")} value={formatPercent(statistics.sparsity)} />
        {statistics.bias !== null && (
          <Number term={t("filter-bias")} value={formatValue(statistics.bias)} />
        )}
      </dl>
      <div class="row">
        <h3>{t("kernel-of-channel", { channel: first + chosen.channel })}</h3>
        {depth > 1 && (
          <span class="row channel-steps">
            <button
              type="button"
              class="button"
              aria-label={t("channel-before")}
              disabled={chosen.channel === 0}
              onClick={() => onChannel(chosen.channel - 1)}
            >
              ←
            </button>
            <button
              type="button"
              class="button"
              aria-label={t("channel-after")}
              disabled={chosen.channel >= depth - 1}
              onClick={() => onChannel(chosen.channel + 1)}
            >
              →
            </button>
          </span>
        )}
      </div>
      <Weights
        weights={kernelOf(kernels, matrix, chosen.filter, chosen.channel)}
        size={matrix.kernel_size}
        scale={scale}
      />
    </section>
  );
}

function Number({ term, value }: { term: string; value: string }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{value}</dd>
    </div>
  );
}

interface WeightsProps {
  weights: Float32Array;
  size: readonly number[];
  scale: Scale;
}

/** A kernel's weights as tables: one for each slice of a 3-D kernel. */
function Weights({ weights, size, scale }: WeightsProps) {
  const { t } = useText();
  const [columns = 1, rows = 1, slices = 1] = [...size].reverse();
  const range = (count: number) => Array.from({ length: count }, (_, i) => i);
  return (
    <div class="weights" tabIndex={0} role="region" aria-label={t("weights-table")}>
      {range(slices).map((slice) => (
        <table key={slice} class="number">
          <caption class={slices > 1 ? "" : "unseen"}>
            {slices > 1 ? t("weights-slice", { slice }) : t("weights-table")}
          </caption>
          <tbody>
            {range(rows).map((row) => (
              <tr key={row}>
                {range(columns).map((column) => {
                  const weight = weights[(slice * rows + row) * columns + column]!;
                  const rgb = colourOf(scale, weight);
                  return (
                    <td
                      key={column}
                      title={String(weight)}
                      style={{ background: cssColour(rgb), color: inkOn(rgb) }}
                    >
                      {formatValue(weight, 3)}
                    </td>
                  );
                })}
              </tr>
            ))}
          </tbody>
        </table>
      ))}
    </div>
  );
}
