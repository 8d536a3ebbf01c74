import { useMemo, useState } from "preact/hooks";
import type { Api } from "../../api/client";
import type { Plane } from "../../api/values";
import { dark } from "../../app/theme";
import type { ViewProps } from "../../app/view";
import { Busy } from "../../components/Busy";
import { Problem } from "../../components/Problem";
import { colours as inks } from "../../drawing/colours";
import { useWidth } from "../../drawing/width";
import { useText } from "../../i18n/text";
import { Arithmetic } from "./Arithmetic";
import { Connector } from "./Connector";
import { useInputContent, useOutputContent } from "./content";
import { Equation } from "./Equation";
import { filterTitle } from "./filter-title";
import { ExportMenu } from "./ExportMenu";
import { InputPanel } from "./InputPanel";
import { OutputPanel } from "./OutputPanel";
import { inputBox, patch } from "./geometry";
import { numbersOf } from "./grids";
import { useStageKeys } from "./keys";
import { usePlane } from "./PlaneView";
import { useChannel, usePicture, usePictureColours, useScale } from "./planes";
import { usePlayer } from "./play";
import { PlayerBar } from "./PlayerBar";
import { readPosition, usePosition } from "./position";
import { crosses, depthOf, planeBoxOf } from "./slices";
import { stageDrawing } from "./stage-drawing";
import {
  channelName,
  metPosition,
  middleSlice,
  useFirstChannel,
  useTrace,
  useTraces,
  useWindow,
} from "./stage-state";
import type { Subject } from "./subject";
import { TraceTable } from "./TraceTable";
import { walkOver } from "./walk";

export interface StageProps extends Pick<ViewProps, "route" | "navigate"> {
  api: Api;
  subject: Subject;
  filter: number;
  /** Whether the input is a picture of red, green and blue. */
  rgb: boolean;
}

/** The convolution at work: it waits for the values of the input and the output, of which all else follows. */
export function Stage(props: StageProps) {
  const { api, subject, filter, rgb, route } = props;
  const channels = subject.node.convolution.in_channels;
  const channel = Math.min(channels - 1, Number(route.params.channel ?? 0) || 0);
  const picture = usePicture(api, subject, rgb);
  const input = useChannel(api, subject, { of: "input", channel });
  const output = useChannel(api, subject, { of: "output", channel: filter });
  const problem = input.problem ?? output.problem;
  if (problem) return <Problem problem={problem} />;
  if (!input.data || !output.data || (rgb && !picture)) return <Busy />;
  return (
    <LoadedStage
      {...props}
      channel={channel}
      input={input.data}
      output={output.data}
      picture={picture}
    />
  );
}

interface LoadedStageProps extends StageProps {
  channel: number;
  input: Plane;
  output: Plane;
  picture: Plane[] | null;
}

function LoadedStage(props: LoadedStageProps) {
  const { api, subject, filter, route, navigate, channel, input, output, picture } = props;
  const { t } = useText();
  const window = useWindow(subject, input, output);
  const walk = useMemo(() => walkOver(window), [window]);
  const [at, moveTo] = usePosition({ route, navigate }, window.outputSize);
  const { node } = subject;
  const traces = useTraces(api, subject, filter);
  const player = usePlayer({ walk, traces, at, moveTo });
  const traced = useTrace(traces, at);
  const probe = readPosition(route.params.from, window.inputSize);
  const setProbe = (position: number[] | null): void =>
    navigate({ params: { from: position?.join(",") ?? "" } }, "replace");
  const [cell, setCell] = useState<number | null>(null);
  // While a trace is on its way, the numbers are those of the position before.
  const tracedAt = traced.trace?.at ?? at;
  const met = useMemo(() => patch(window, tracedAt), [window, tracedAt]);
  const under = metPosition(met[cell ?? -1]);

  const [inputPlace, inputWidth] = useWidth<HTMLDivElement>();
  const [outputPlace, outputWidth] = useWidth<HTMLDivElement>();
  const [slice, setSlice] = useState<number | null>(null);
  const asPicture = picture !== null && route.params.show !== "channel";
  const depth = slice ?? middleSlice(window, at);
  const inputScale = useScale(picture ?? [input]);
  const look = { at, probe, under };
  const colours = usePictureColours(asPicture ? picture : null, 0);
  const inputContent = useInputContent(
    { window, plane: input, scale: inputScale, picture: colours, depth },
    look,
  );
  const outputDepth = depthOf(at);
  const outputContent = useOutputContent(
    {
      window,
      walk,
      plane: output,
      scale: useScale([output]),
      depth: outputDepth,
      filled: player.filled,
    },
    look,
  );
  const inputPlane = usePlane(inputContent, { width: inputWidth, height: 440 });
  const outputPlane = usePlane(outputContent, { width: outputWidth, height: 340 });
  const keys = useStageKeys({ window, at, probe, player, setProbe });
  useFirstChannel(traced.trace, { route, navigate });
  const windowBox = inputBox(window, at);
  const name = (place: number): string => channelName(t, traced.trace, place, picture !== null);
  const exported = traced.trace && {
    input: inputPlane.drawing,
    output: outputPlane.drawing,
    trace: traced.trace,
    convolution: node.convolution,
    met,
    scale: inputScale,
    titles: {
      input: t("convolve-input"),
      filter: filterTitle(t, traced.trace, node.convolution),
      output: t("convolve-output", { filter }),
    },
    name,
    isDark: dark.value,
  };

  return (
    <section class="convolve-stage" aria-label={t("convolve-stage")} onKeyDown={keys.onStage}>
      <div class="convolve-columns">
        <div class="convolve-input" ref={inputPlace}>
          <InputPanel
            window={window}
            plane={inputPlane}
            content={inputContent}
            channel={channel}
            channels={node.convolution.in_channels}
            rgb={picture !== null}
            asPicture={asPicture}
            depth={depth}
            probe={probe}
            onShow={(params) => navigate({ params }, "replace")}
            onSlice={setSlice}
            onProbe={setProbe}
            onKeyDown={keys.onInput}
          />
        </div>
        <div class="convolve-middle">
          {traced.problem && <Problem problem={traced.problem} />}
          {traced.trace && (
            <Arithmetic
              trace={traced.trace}
              convolution={node.convolution}
              met={met}
              scale={inputScale}
              shown={channel}
              cell={cell}
              still={player.playing}
              name={name}
              onCell={setCell}
              onShow={(shown) =>
                navigate({ params: { channel: String(shown), show: "channel" } }, "replace")
              }
            />
          )}
        </div>
        <div class="convolve-output" ref={outputPlace}>
          <OutputPanel
            window={window}
            plane={outputPlane}
            content={outputContent}
            filter={filter}
            filters={node.convolution.filters}
            at={at}
            onPick={player.goTo}
            onKeyDown={keys.onOutput}
          />
        </div>
        {traced.trace && <Equation trace={traced.trace} />}
        <Connector
          layout={inputPlane.layout}
          window={windowBox && crosses(windowBox, depth) ? planeBoxOf(windowBox) : null}
          moved={traced.trace}
        />
      </div>
      <PlayerBar player={player} step={walk.stepOf(at)} steps={walk.steps}>
        {exported && (
          <ExportMenu
            name={`${node.layer}-filter-${filter}-at-${at.join("-")}`}
            description={exported.titles.filter}
            drawing={() => stageDrawing(exported, inks.value)}
            data={() => exported.trace}
          />
        )}
      </PlayerBar>
      <p class="unseen" aria-live="polite">
        {!player.playing && traced.trace
          ? t("convolve-live", { at: at.join(", "), filter, value: traced.trace.value })
          : ""}
      </p>
      {traced.trace && (
        <TraceTable trace={traced.trace} channels={numbersOf(traced.trace)} met={met} name={name} />
      )}
    </section>
  );
}
