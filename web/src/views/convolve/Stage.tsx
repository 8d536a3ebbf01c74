import { useEffect, useMemo, useState } from "preact/hooks";
import type { Api } from "../../api/client";
import type { Plane } from "../../api/values";
import type { Trace } from "../../api/types";
import { useResource } from "../../app/resource";
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
import { FEW, ordered } from "./contributions-order";
import { Equation } from "./Equation";
import { filterTitle } from "./filter-title";
import { ExportMenu } from "./ExportMenu";
import { InputPanel } from "./InputPanel";
import { OutputPanel } from "./OutputPanel";
import { inputBox, patch, type Window } from "./geometry";
import { numbersOf } from "./grids";
import { useStageKeys } from "./keys";
import { usePlane } from "./PlaneView";
import { useChannel, usePicture, usePictureColours, useScale } from "./planes";
import { usePlayer } from "./play";
import { PlayerBar } from "./PlayerBar";
import { readPosition, usePosition } from "./position";
import { crosses, depthOf, planeBoxOf } from "./slices";
import { stageDrawing } from "./stage-drawing";
import { windowOf, type Subject } from "./subject";
import { TraceTable } from "./TraceTable";
import { Traces } from "./traces";
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
  const { model, node, input: inputId } = subject;
  const traces = useMemo(
    () =>
      new Traces(api, {
        model: model.id,
        version: model.version,
        layer: node.layer,
        filter,
        input: inputId,
      }),
    [api, model.id, model.version, node.layer, filter, inputId],
  );
  const player = usePlayer({ walk, traces, at, moveTo });
  const traced = useTrace(traces, at);
  const probe = readPosition(route.params.from, window.inputSize);
  const setProbe = (position: number[] | null): void =>
    navigate({ params: { from: position?.join(",") ?? "" } }, "replace");
  const [cell, setCell] = useState<number | null>(null);
  const met = useMemo(() => patch(window, at), [window, at]);
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
  // Of many channels, the input first shows the one that counts most where a person begins to look.
  const strongest = traced.trace && strongestOf(traced.trace);
  const unchosen = route.params.channel === undefined && strongest !== null;
  useEffect(() => {
    if (unchosen) navigate({ params: { channel: String(strongest) } }, "replace");
  }, [unchosen, strongest, navigate]);
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

function useWindow(subject: Subject, input: Plane, output: Plane): Window {
  const inputSize = input.size.join(",");
  const outputSize = output.size.join(",");
  return useMemo(
    () => windowOf(subject.node.convolution, { input: input.size, output: output.size }),
    // Planes of the same sizes have the same window.
    // eslint-disable-next-line react-hooks/exhaustive-deps
    [subject.node.convolution, inputSize, outputSize],
  );
}

/** The trace of a position; while it is on its way, the one before stays. */
function useTrace(traces: Traces, at: readonly number[]) {
  const { data, problem, busy } = useResource<Trace>(`${traces.key} ${at.join(",")}`, () =>
    traces.at(at),
  );
  return { trace: data, problem, busy };
}

/** The slice in the middle of the window. */
function middleSlice(window: Window, at: readonly number[]): number {
  const box = inputBox(window, at);
  if (!box || box.start.length < 3) return 0;
  const middle = (box.start.at(-3) ?? 0) + Math.floor(((box.size.at(-3) ?? 1) - 1) / 2);
  return Math.max(0, Math.min((window.inputSize[0] ?? 1) - 1, middle));
}

/** The channel that adds most, of those that don't fit on one page; null where they do. */
function strongestOf(trace: Trace): number | null {
  if (trace.channels.length <= FEW) return null;
  const [place = 0] = ordered(trace.channels, "strength");
  return trace.channels[place]?.channel ?? null;
}

function metPosition(met: ReturnType<typeof patch>[number] | undefined): number[] | null {
  return met && met.kind !== "between" ? met.position : null;
}

const RGB = ["convolve-red", "convolve-green", "convolve-blue"];

function channelName(
  t: ReturnType<typeof useText>["t"],
  trace: Trace | null,
  place: number,
  rgb: boolean,
): string {
  const channel = trace?.channels[place]?.channel ?? place;
  const colour = rgb ? RGB[channel] : undefined;
  return colour
    ? t("convolve-channel-colour", { channel, colour: t(colour) })
    : t("convolve-channel-number", { channel });
}
