import type { ConvolutionInfo, JobEvent, Shape, WhatIf, WhatIfVariant } from "../../api/types";
import type { Point } from "../../drawing/surface";

/** What a variant holds: enough to draw which pairs of channel and filter use which kernel. */
export interface Kernels {
  channels: number;
  filters: number;
  groups: number;
  /** Weights of one kernel. */
  weights: number;
}

/** The kernels of a variant, from its counts and the layer that it is a variant of. */
export function kernelsOf(
  variant: WhatIfVariant,
  layer: Pick<ConvolutionInfo, "in_channels" | "kernel_size" | "bias">,
): Kernels {
  const channels = layer.in_channels;
  const filters = variant.output_shape?.at(-1) ?? 1;
  const area = layer.kernel_size.reduce((product, size) => product * size, 1);
  const weights = variant.params - (layer.bias ? filters : 0);
  switch (variant.sharing) {
    case "none":
      // Also the variant whose kernels have one weight.
      return { channels, filters, groups: 1, weights: weights / (channels * filters) };
    case "grouped": {
      const channelsEach = Math.max(1, Math.round(weights / (filters * area)));
      return { channels, filters, groups: Math.round(channels / channelsEach), weights: area };
    }
    case "depthwise":
      return { channels, filters, groups: channels, weights: area };
    default:
      return { channels, filters, groups: 1, weights: area };
  }
}

/** The axes of one sample: the program's own report has the batch in front. */
export function sampleShape(shape: Shape | null, rank: number): Shape | null {
  return shape && shape.slice(-(rank + 1));
}

/** The part of the whole that a bar is long. */
export function shareOf(value: number | null, values: readonly (number | null)[]): number {
  const most = Math.max(0, ...values.map((other) => other ?? 0));
  return value === null || most === 0 ? 0 : value / most;
}

/** How the training of one variant stands. */
export interface VariantTraining {
  epochs: { epoch: number; logs: Record<string, number> }[];
  done: { test_accuracy: number | null; seconds: number } | null;
  refused: string | null;
}

/** What a comparison by training has told. */
export interface ComparisonStory {
  state: "running" | "done" | "failed" | "cancelled" | null;
  problem: string | null;
  progress: number | null;
  epochs: number;
  data: string | null;
  variants: Record<number, VariantTraining>;
  result: WhatIf | null;
}

const UNTOUCHED: VariantTraining = { epochs: [], done: null, refused: null };

export const COMPARISON = {
  empty: {
    state: null,
    problem: null,
    progress: null,
    epochs: 0,
    data: null,
    variants: {},
    result: null,
  } as ComparisonStory,

  after(story: ComparisonStory, event: JobEvent): ComparisonStory {
    const changed = (place: number, change: Partial<VariantTraining>): ComparisonStory => ({
      ...story,
      variants: {
        ...story.variants,
        [place]: { ...(story.variants[place] ?? UNTOUCHED), ...change },
      },
    });
    switch (event.type) {
      case "state": {
        const { state, problem, progress, request, result } = event.job;
        const asked = request.kind === "what_if" ? request : { epochs: 0, data: null };
        return {
          ...story,
          state,
          problem: problem?.message ?? null,
          progress,
          epochs: asked.epochs,
          data: asked.data,
          result: result as WhatIf | null,
        };
      }
      case "progress":
        return { ...story, progress: event.progress };
      case "variant_epoch": {
        const before = story.variants[event.variant]?.epochs ?? [];
        return changed(event.variant, {
          epochs: [...before, { epoch: event.epoch, logs: event.logs }],
        });
      }
      case "variant_done":
        return changed(event.variant, {
          done: { test_accuracy: event.test_accuracy, seconds: event.seconds },
        });
      case "variant_refused":
        return changed(event.variant, { refused: event.reason });
      default:
        return story;
    }
  },
};

/** A measured value of a variant, epoch by epoch. */
export function pointsOf(training: VariantTraining | undefined, measure: string): Point[] {
  return (training?.epochs ?? []).flatMap(({ epoch, logs }) =>
    logs[measure] === undefined ? [] : [[epoch, logs[measure]] as const],
  );
}

/** The place of the variant that is trained now; null when none is. */
export function trainedNow(story: ComparisonStory, count: number): number | null {
  if (story.state !== "running") return null;
  for (let place = 0; place < count; place++) {
    const training = story.variants[place];
    if (!training?.done && !training?.refused) return place;
  }
  return null;
}
