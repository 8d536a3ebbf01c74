import type { ComponentChildren } from "preact";
import type { Problem as ProblemData } from "../api/types";
import { useText } from "../i18n/text";
import "./Problem.css";

/** What went wrong, and what to do about it. */
export function Problem({
  problem,
  children,
}: {
  problem: ProblemData;
  children?: ComponentChildren;
}) {
  const { t } = useText();
  const absent = problem.kind === "not_exported";
  return (
    <div class="problem" role="alert">
      <p class="problem-message">{absent ? t("not-exported") : problem.message}</p>
      {problem.help && <p class="problem-help">{problem.help}</p>}
      {children}
    </div>
  );
}
