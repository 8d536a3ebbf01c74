import { Slider } from "../../components/Slider";
import { exact } from "../../drawing/numbers";
import { formatShape } from "../../i18n/format";
import { useText, type Text } from "../../i18n/text";
import { formatPosition } from "./Equation";
import { fedBy, paddedInput, type Window } from "./geometry";
import { PlaneView, type PlaneContent, type PlanePlaced } from "./PlaneView";
import { cellOf, depthOf, positionOf } from "./slices";

interface InputPanelProps {
  window: Window;
  plane: PlanePlaced;
  content: PlaneContent;
  channel: number;
  channels: number;
  rgb: boolean;
  asPicture: boolean;
  depth: number;
  probe: readonly number[] | null;
  onShow(params: Record<string, string>): void;
  onSlice(depth: number): void;
  onProbe(position: number[] | null): void;
  onKeyDown(event: KeyboardEvent): void;
}

/** What the filter reads: the input with its padding, by picture or by channel. */
export function InputPanel(props: InputPanelProps) {
  const { window, plane, content, channel, asPicture, depth, probe } = props;
  const { t } = useText();
  const rank = window.inputSize.length;
  const padded = paddedInput(window).size;
  const hasPadding = String(padded) !== String(window.inputSize);
  return (
    <>
      <div class="convolve-head">
        <h2>{t("convolve-input")}</h2>
        <p class="small muted number">
          {hasPadding
            ? t("convolve-input-padded", {
                size: formatShape([...window.inputSize]),
                padded: formatShape(padded),
              })
            : formatShape([...window.inputSize])}
        </p>
      </div>
      <PlaneView
        label={t("convolve-input-label", { size: formatShape(padded), channel })}
        plane={plane}
        inside={content.inside}
        onPick={(cell) => props.onProbe(positionOf(cell, { rank, depth }))}
        onKeyDown={props.onKeyDown}
      />
      {rank === 3 && (
        <Slider
          label={t("convolve-slice")}
          minimum={0}
          maximum={(window.inputSize[0] ?? 1) - 1}
          value={depth}
          onChange={props.onSlice}
        />
      )}
      <ChannelChoice {...props} />
      {probe ? (
        <p class="convolve-probe small" role="status">
          {probeSentence(t, { window, content, probe, depth, channel, asPicture })}
          <button type="button" class="button quiet" onClick={() => props.onProbe(null)}>
            {t("convolve-probe-close")}
          </button>
        </p>
      ) : (
        <p class="small muted">{t("convolve-probe-hint")}</p>
      )}
    </>
  );
}

function ChannelChoice({ rgb, asPicture, channel, channels, onShow }: InputPanelProps) {
  const { t } = useText();
  if (channels === 1) return null;
  const options = Array.from({ length: channels }, (_, index) => index);
  return (
    <label class="convolve-channel-choice small">
      <span class="muted">{t("convolve-shown")}</span>
      <select
        class="field"
        value={asPicture ? "picture" : String(channel)}
        onChange={(event) => {
          const value = event.currentTarget.value;
          onShow(value === "picture" ? { show: "" } : { show: "channel", channel: value });
        }}
      >
        {rgb && <option value="picture">{t("convolve-as-picture")}</option>}
        {options.map((index) => (
          <option key={index} value={String(index)}>
            {t("convolve-channel-number", { channel: index })}
          </option>
        ))}
      </select>
    </label>
  );
}

interface Probed {
  window: Window;
  content: PlaneContent;
  probe: readonly number[];
  depth: number;
  channel: number;
  asPicture: boolean;
}

/** What an input value feeds; its own number where its slice is shown. */
function probeSentence(t: Text, { window, content, probe, depth, channel }: Probed): string {
  const { row, column } = cellOf(probe);
  const value = depthOf(probe) === depth ? exact(content.valueAt(row, column)) : "–";
  return t("convolve-probe", {
    at: formatPosition(probe),
    channel,
    value,
    count: fedBy(window, probe).length,
  });
}
