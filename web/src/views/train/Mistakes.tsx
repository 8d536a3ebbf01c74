import { useState } from "preact/hooks";
import type { Api } from "../../api/client";
import type { InputEntry, Mistake } from "../../api/types";
import { formatPercent } from "../../i18n/format";
import { useText } from "../../i18n/text";
import type { Evaluation } from "./training";

interface MistakesProps {
  api: Api;
  evaluation: Evaluation;
  /** Goes to the feature maps of a sample. */
  show(sample: InputEntry): void;
}

/** The wrong answers that the model was surest of, as pictures. */
export function Mistakes({ api, evaluation, show }: MistakesProps) {
  const { t } = useText();
  const { classes, mistakes, epoch } = evaluation;
  return (
    <section class="mistakes" aria-labelledby="mistakes-title">
      <h2 id="mistakes-title">{t("train-mistakes")}</h2>
      <p class="muted small">
        {mistakes.length > 0 ? t("train-mistakes-legend") : t("train-no-mistakes", { epoch })}
      </p>
      <ul>
        {mistakes.map((mistake) => (
          <li key={mistake.input}>
            <Card api={api} mistake={mistake} classes={classes} show={show} />
          </li>
        ))}
      </ul>
    </section>
  );
}

interface CardProps {
  api: Api;
  mistake: Mistake;
  classes: readonly string[];
  show(sample: InputEntry): void;
}

function Card({ api, mistake, classes, show }: CardProps) {
  const { t } = useText();
  const [missing, setMissing] = useState(false);
  const [truth, predicted] = [classes[mistake.truth] ?? "", classes[mistake.predicted] ?? ""];
  const share = formatPercent(mistake.score);
  return (
    <button
      type="button"
      class="mistake"
      aria-label={t("train-mistake", { truth, predicted, share })}
      onClick={() =>
        show({ id: mistake.input, name: truth, kind: "sample", model: null, label: truth })
      }
    >
      {missing ? (
        <span class="mistake-none">{mistake.input}</span>
      ) : (
        <img
          src={api.url(`/inputs/${mistake.input}/picture`)}
          alt=""
          loading="lazy"
          onError={() => setMissing(true)}
        />
      )}
      <span class="mistake-words">
        <b>{predicted}</b> <span class="number">{share}</span>
        <span class="muted">{t("train-is", { truth })}</span>
      </span>
    </button>
  );
}
