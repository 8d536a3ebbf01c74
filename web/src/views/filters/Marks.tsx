import type { FilterMatrix } from "../../api/types";
import { useText } from "../../i18n/text";

/** The filters that do nothing, or nothing new. */
export function Marks({
  matrix,
  onChoose,
}: {
  matrix: FilterMatrix;
  onChoose(filter: number): void;
}) {
  const { t } = useText();
  const dead = matrix.statistics.filter((filter) => filter.dead);
  const twins = matrix.statistics.filter((filter) => !filter.dead && filter.duplicate_of !== null);
  if (dead.length === 0 && twins.length === 0) return <p class="muted small">{t("no-marks")}</p>;
  const button = (filter: number, text: string) => (
    <button key={filter} type="button" class="button filter-mark" onClick={() => onChoose(filter)}>
      {text}
    </button>
  );
  return (
    <div class="marks">
      {dead.length > 0 && (
        <p>
          <span>{t("marks-dead", { count: dead.length })}</span>
          {dead.slice(0, MOST).map(({ filter }) => button(filter, `${filter} ∅`))}
          {dead.length > MOST && "…"}
        </p>
      )}
      {twins.length > 0 && (
        <p>
          <span>{t("marks-twins", { count: twins.length })}</span>
          {twins
            .slice(0, MOST)
            .map(({ filter, duplicate_of: twin }) => button(filter, `${filter} = ${twin}`))}
          {twins.length > MOST && "…"}
        </p>
      )}
    </div>
  );
}

const MOST = 16;
