import { formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { formatPosition } from "./Equation";
import type { Window } from "./geometry";
import { PlaneView, type PlaneContent, type PlanePlaced } from "./PlaneView";
import { depthOf, positionOf } from "./slices";

interface OutputPanelProps {
  window: Window;
  plane: PlanePlaced;
  content: PlaneContent;
  filter: number;
  filters: number;
  at: readonly number[];
  onPick(at: number[]): void;
  onKeyDown(event: KeyboardEvent): void;
}

/** What the filter makes: its feature map. */
export function OutputPanel(props: OutputPanelProps) {
  const { window, plane, content, filter, filters, at } = props;
  const { t } = useText();
  const rank = window.outputSize.length;
  const size = formatShape([...window.outputSize]);
  return (
    <>
      <div class="convolve-head">
        <h2>{t("convolve-output", { filter })}</h2>
        <p class="small muted number">{t("convolve-output-of", { size, filters })}</p>
      </div>
      <PlaneView
        label={t("convolve-output-label", { filter, size, at: formatPosition(at) })}
        plane={plane}
        inside={content.inside}
        onPick={(cell) => props.onPick(positionOf(cell, { rank, depth: depthOf(at) }))}
        onKeyDown={props.onKeyDown}
      />
      {rank === 3 && (
        <p class="small muted">{t("convolve-output-slice", { slice: depthOf(at) })}</p>
      )}
    </>
  );
}
