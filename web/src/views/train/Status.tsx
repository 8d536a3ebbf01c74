import { formatPercent, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import type { TrainingStory } from "./training";

const STATES = {
  running: "train-state-running",
  done: "train-state-done",
  cancelled: "train-state-cancelled",
  failed: "train-state-failed",
} as const;

interface StatusProps {
  story: TrainingStory;
  stop(): void;
  resume(): void;
}

/** How far the training is, the last values, and the buttons that stop it and go on with it. */
export function Status({ story, stop, resume }: StatusProps) {
  const { t } = useText();
  const { state, request, steps, epochs } = story;
  const last = epochs.at(-1);
  const at = steps.at(-1)?.at ?? 0;
  const all = request?.epochs ?? 0;
  const now = Math.min(all, Math.floor(at - 1e-9) + 1);
  return (
    <div class="train-status">
      <p class="train-state" role="status">
        <b>{t(STATES[state ?? "running"])}</b>
        <span class="muted number">
          {t("train-place", { data: request?.data ?? "", epoch: Math.max(now, 1), epochs: all })}
        </span>
      </p>
      {state === "running" && (
        <progress max={1} value={story.progress ?? 0} aria-label={t("train-progress")} />
      )}
      {last && (
        <dl class="train-values">
          {Object.entries(last.logs).map(([name, value]) => (
            <div key={name}>
              <dt class="muted small">{name}</dt>
              <dd class="number">
                {name.includes("accuracy") ? formatPercent(value) : formatValue(value)}
              </dd>
            </div>
          ))}
          <div>
            <dt class="muted small">{t("train-seconds")}</dt>
            <dd class="number">{`${last.seconds.toFixed(1)} s`}</dd>
          </div>
        </dl>
      )}
      <div class="row">
        {state === "running" && (
          <button type="button" class="button" onClick={stop}>
            {t("train-stop")}
          </button>
        )}
        {state === "cancelled" && (
          <button type="button" class="button primary" onClick={resume}>
            {t("train-resume")}
          </button>
        )}
      </div>
    </div>
  );
}
