import type { Trace } from "../../api/types";
import { exact, signed } from "../../drawing/numbers";
import { useText } from "../../i18n/text";

/** So many terms are written out; of more, the first. */
const MOST_TERMS = 4;

/** From the channels' sums to the output value: their sum, the bias, the activation, and the executor's word on it. */
export function Equation({ trace }: { trace: Trace }) {
  const { t } = useText();
  const { channels, sum, bias, total, activation, value } = trace;
  const terms = channels.slice(0, MOST_TERMS).map(({ adds }) => adds);
  const more = channels.length > MOST_TERMS ? " + …" : "";
  return (
    <dl class="convolve-equation">
      <dt>{t("convolve-sum-over", { count: channels.length })}</dt>
      <dd>
        <span class="convolve-terms number">
          {terms.map((term, place) => (
            <span key={place}>{place === 0 ? exact(term) : signed(term)}</span>
          ))}
          {more}
        </span>
        <b class="number" data-value={sum}>{`= ${exact(sum)}`}</b>
      </dd>
      <dt>{t("convolve-bias")}</dt>
      <dd>
        {bias === null ? (
          <span class="muted">{t("convolve-no-bias")}</span>
        ) : (
          <>
            <span class="convolve-terms number" data-value={bias}>
              {signed(bias)}
            </span>
            <b class="number" data-value={total}>{`= ${exact(total)}`}</b>
          </>
        )}
      </dd>
      <dt>{t("convolve-activation")}</dt>
      <dd>
        <span class="convolve-terms number">
          {activation === "linear"
            ? t("convolve-activation-none")
            : `${activation}(${exact(total)})`}
        </span>
      </dd>
      <dt>{t("convolve-output-value", { at: formatPosition(trace.at) })}</dt>
      <dd class="convolve-value">
        <b class="number" data-value={value}>
          {exact(value)}
        </b>
      </dd>
      <dd class="convolve-check small muted">
        {t("convolve-agrees", {
          executor: exact(trace.executor),
          difference: trace.difference.toExponential(1),
          tolerance: trace.tolerance.toExponential(1),
        })}
      </dd>
    </dl>
  );
}

/** A position as it is spoken of: (12, 3). */
export function formatPosition(at: readonly number[]): string {
  return `(${at.join(", ")})`;
}
