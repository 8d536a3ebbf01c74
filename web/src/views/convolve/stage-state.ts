import { useEffect, useMemo } from "preact/hooks";
import type { Api } from "../../api/client";
import type { Trace } from "../../api/types";
import type { Plane } from "../../api/values";
import { useResource } from "../../app/resource";
import type { ViewProps } from "../../app/view";
import type { Text } from "../../i18n/text";
import { FEW, ordered } from "./contributions-order";
import { inputBox, type Met, type Window } from "./geometry";
import { windowOf, type Subject } from "./subject";
import { Traces } from "./traces";

/** The traces of one filter on one input. */
export function useTraces(api: Api, { model, node, input }: Subject, filter: number): Traces {
  return useMemo(
    () =>
      new Traces(api, {
        model: model.id,
        version: model.version,
        layer: node.layer,
        filter,
        input,
      }),
    [api, model.id, model.version, node.layer, filter, input],
  );
}

/** Of many channels, the input first shows the one that counts most where a person begins to look. */
export function useFirstChannel(
  trace: Trace | null,
  { route, navigate }: Pick<ViewProps, "route" | "navigate">,
): void {
  const strongest = trace && strongestOf(trace);
  const unchosen = route.params.channel === undefined && strongest !== null;
  useEffect(() => {
    if (unchosen) navigate({ params: { channel: String(strongest) } }, "replace");
  }, [unchosen, strongest, navigate]);
}

/** The window of a convolution over values of these sizes. */
export function useWindow(subject: Subject, input: Plane, output: Plane): Window {
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
export function useTrace(traces: Traces, at: readonly number[]) {
  const { data, problem, busy } = useResource<Trace>(`${traces.key} ${at.join(",")}`, () =>
    traces.at(at),
  );
  return { trace: data, problem, busy };
}

/** The slice in the middle of the window. */
export function middleSlice(window: Window, at: readonly number[]): number {
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

/** The input position that a weight meets, in the padding too. */
export function metPosition(met: Met | undefined): number[] | null {
  return met && met.kind !== "between" ? met.position : null;
}

const RGB = ["convolve-red", "convolve-green", "convolve-blue"];

/** What a channel of the trace is called: by its number, and its colour in a picture. */
export function channelName(t: Text, trace: Trace | null, place: number, rgb: boolean): string {
  const channel = trace?.channels[place]?.channel ?? place;
  const colour = rgb ? RGB[channel] : undefined;
  return colour
    ? t("convolve-channel-colour", { channel, colour: t(colour) })
    : t("convolve-channel-number", { channel });
}
