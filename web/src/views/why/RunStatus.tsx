import { Problem } from "../../components/Problem";
import { formatPercent } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { isOver, type Run } from "./run";

interface RunStatusProps {
  run: Run;
  onCancel(): void;
  onAgain(): void;
}

/** How far a job is, with a way to stop it, and to start it anew when it stopped or failed. */
export function RunStatus({ run, onCancel, onAgain }: RunStatusProps) {
  const { t } = useText();
  if (run.state === "waiting") return <p class="small muted">{t("why-waiting")}</p>;
  if (run.state === "done") return null;
  if (isOver(run))
    return (
      <div class="why-status">
        {run.problem && <Problem problem={run.problem} />}
        {run.state === "cancelled" && <p class="small muted">{t("why-cancelled")}</p>}
        <button type="button" class="button" onClick={onAgain}>
          {t("why-again")}
        </button>
      </div>
    );
  return (
    <div class="why-status row">
      <progress
        max={1}
        aria-label={t("why-progress")}
        {...(run.progress === null ? {} : { value: run.progress })}
      />
      <span class="small muted number">
        {run.progress === null ? t("why-running") : formatPercent(run.progress)}
      </span>
      <button type="button" class="button" onClick={onCancel}>
        {t("why-cancel")}
      </button>
    </div>
  );
}
