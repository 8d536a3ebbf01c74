import type { FeatureMaps } from "../../api/types";
import { formatPercent, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";

type Output = FeatureMaps["outputs"][number];

/** So many classes are shown; they come with the best first. */
const MOST = 10;

/** What the network says of the picture: the classes with their scores as bars. */
export function Scores({ outputs, truth }: { outputs: Output[]; truth: string | null }) {
  const { t } = useText();
  return (
    <section class="maps-scores" aria-label={t("maps-scores")}>
      <h2>{t("maps-scores")}</h2>
      {truth !== null && <p class="small muted">{t("maps-truth", { truth })}</p>}
      {outputs.map((output) => (
        <ol key={output.name} aria-label={output.name}>
          {[...output.scores]
            .sort((a, b) => b.score - a.score)
            .slice(0, MOST)
            .map((score) => (
              <Score key={score.index} score={score} output={output} />
            ))}
        </ol>
      ))}
    </section>
  );
}

function Score({ score, output }: { score: Output["scores"][number]; output: Output }) {
  const { t } = useText();
  const name = score.class_name ?? t("maps-class", { index: score.index });
  const largest = Math.max(...output.scores.map(({ score: value }) => Math.abs(value)), 1e-12);
  const share = output.probabilities ? score.score : Math.abs(score.score) / largest;
  return (
    <li data-class={name}>
      <span class="maps-score-name">{name}</span>
      <span class="number">
        {output.probabilities ? formatPercent(score.score) : formatValue(score.score)}
      </span>
      <span class="maps-bar" aria-hidden="true">
        <span
          style={{ width: `${100 * Math.max(0, Math.min(1, share))}%` }}
          data-negative={score.score < 0}
        />
      </span>
    </li>
  );
}
