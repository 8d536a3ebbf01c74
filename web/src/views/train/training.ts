import type { Histogram, JobEvent, Problem, TrainingEvent } from "../../api/types";
import type { Point } from "../../drawing/surface";

export type Evaluation = Extract<TrainingEvent, { type: "evaluation" }>;
export type WeightsEvent = Extract<TrainingEvent, { type: "weights" }>;

/** A value measured at a place in the training: 2.5 is the middle of the third epoch. */
interface Measured {
  at: number;
  logs: Record<string, number>;
  rate: number;
}

/** How one weight and its gradient were spread at a place in the training. */
export interface Moment {
  at: number;
  values: Histogram;
  gradient: Histogram | null;
}

/** One weight through the training. */
export interface WeightStory {
  layer: string;
  weight: string;
  moments: Moment[];
}

/** What a training has told so far. */
export interface TrainingStory {
  state: "running" | "done" | "failed" | "cancelled" | null;
  problem: Problem | null;
  progress: number | null;
  request: { data: string; epochs: number } | null;
  steps: Measured[];
  epochs: (Measured & { seconds: number })[];
  weights: WeightsEvent | null;
  histograms: WeightStory[];
  evaluation: Evaluation | null;
}

export const TRAINING = {
  empty: {
    state: null,
    problem: null,
    progress: null,
    request: null,
    steps: [],
    epochs: [],
    weights: null,
    histograms: [],
    evaluation: null,
  } as TrainingStory,

  after(story: TrainingStory, event: JobEvent): TrainingStory {
    switch (event.type) {
      case "state": {
        const { state, problem, progress, request } = event.job;
        const known = request.kind === "training" ? request : story.request;
        return { ...story, state, problem, progress, request: known };
      }
      case "progress":
        return { ...story, progress: event.progress };
      case "step": {
        const at = event.epoch - 1 + event.step / Math.max(1, event.steps);
        const step = { at, logs: event.logs, rate: event.learning_rate };
        return { ...story, steps: [...story.steps, step] };
      }
      case "epoch": {
        const { logs, learning_rate: rate, seconds, epoch: at } = event;
        return { ...story, epochs: [...story.epochs, { at, logs, rate, seconds }] };
      }
      case "weights":
        return { ...story, weights: event };
      case "histograms":
        return { ...story, histograms: withHistograms(story, event) };
      case "evaluation":
        return { ...story, evaluation: event };
      default:
        return story;
    }
  },
};

type HistogramsEvent = Extract<TrainingEvent, { type: "histograms" }>;

/** Moments that are kept of each weight: as many as a strip has columns. */
const MOST_MOMENTS = 240;

function withHistograms(story: TrainingStory, event: HistogramsEvent): WeightStory[] {
  const at = placeOf(story, event);
  return event.layers.map(({ layer, weight, values, gradient }, place) => {
    const before = story.histograms[place]?.moments ?? [];
    const moments = [...before.filter((moment) => moment.at < at), { at, values, gradient }];
    return { layer, weight, moments: thinned(moments) };
  });
}

/** The place of a histogram. It says how many steps were done, and the steps around it how many there are. */
function placeOf(story: TrainingStory, { epoch, step }: HistogramsEvent): number {
  if (story.epochs.some((done) => done.at === epoch)) return epoch;
  const last = story.steps.at(-1);
  if (step === 0 || !last) return epoch - 1;
  return Math.max(epoch - 1, Math.min(last.at, epoch));
}

/** Every second one of too many; the first and the last stay. */
function thinned(moments: Moment[]): Moment[] {
  if (moments.length <= MOST_MOMENTS) return moments;
  return moments.filter((_, place) => place % 2 === 0 || place === moments.length - 1);
}

/** The measures that a training tells of, the loss first; validation is not counted as one of its own. */
export function measuresOf({ steps, epochs }: TrainingStory): string[] {
  const logs = epochs.at(-1)?.logs ?? steps.at(-1)?.logs ?? {};
  const names = Object.keys(logs).filter((name) => !name.startsWith("val_"));
  return names.sort((a, b) => Number(b === "loss") - Number(a === "loss"));
}

/** A measure step by step: the mean of the epoch so far. */
export function trainedPoints({ steps }: TrainingStory, measure: string): Point[] {
  return steps.flatMap(({ at, logs }) =>
    logs[measure] === undefined ? [] : [[at, logs[measure]] as const],
  );
}

/** A measure on samples that are not trained on, after each epoch. */
export function heldOutPoints({ epochs }: TrainingStory, measure: string): Point[] {
  return epochs.flatMap(({ at, logs }) => {
    const value = logs[`val_${measure}`];
    return value === undefined ? [] : [[at, value] as const];
  });
}

export function ratePoints({ steps }: TrainingStory): Point[] {
  return steps.map(({ at, rate }) => [at, rate] as const);
}
