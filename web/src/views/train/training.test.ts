import { expect, test } from "vitest";
import type { Histogram, JobEvent } from "../../api/types";
import { heldOutPoints, measuresOf, TRAINING, trainedPoints } from "./training";

const SPREAD: Histogram = { minimum: -1, maximum: 1, mean: 0, deviation: 0.5, counts: [1, 2, 1] };

function step(epoch: number, done: number, loss: number): JobEvent {
  return {
    type: "step",
    epoch,
    step: done,
    steps: 4,
    logs: { accuracy: 0.5, loss },
    learning_rate: 0.01,
  };
}

function spread(epoch: number, done: number): JobEvent {
  const layers = [{ layer: "conv2d", weight: "kernel", values: SPREAD, gradient: null }];
  return { type: "histograms", epoch, step: done, layers };
}

const EVENTS: JobEvent[] = [
  spread(1, 0),
  step(1, 2, 2.5),
  spread(1, 2),
  step(1, 4, 2),
  {
    type: "epoch",
    epoch: 1,
    epochs: 2,
    logs: { accuracy: 0.6, loss: 2, val_accuracy: 0.4, val_loss: 3 },
    learning_rate: 0.01,
    seconds: 1,
  },
  spread(1, 4),
  step(2, 2, 1.5),
];

test("curves grow from events, validation after each epoch", () => {
  const story = EVENTS.reduce(TRAINING.after, TRAINING.empty);
  expect(trainedPoints(story, "loss")).toEqual([
    [0.5, 2.5],
    [1, 2],
    [1.5, 1.5],
  ]);
  expect(heldOutPoints(story, "loss")).toEqual([[1, 3]]);
  expect(measuresOf(story)).toEqual(["loss", "accuracy"]);
});

test("histograms stand where the training stood", () => {
  const { histograms } = EVENTS.reduce(TRAINING.after, TRAINING.empty);
  expect(histograms.map(({ layer, weight }) => `${layer}/${weight}`)).toEqual(["conv2d/kernel"]);
  expect(histograms[0]!.moments.map(({ at }) => at)).toEqual([0, 0.5, 1]);
});

test("of very many histograms the first and the last stay", () => {
  let story = TRAINING.empty;
  for (let place = 1; place <= 1000; place++) {
    story = TRAINING.after(story, step(place, 4, 1));
    story = TRAINING.after(story, spread(place, 4));
  }
  const { moments } = story.histograms[0]!;
  expect(moments.length).toBeLessThanOrEqual(240);
  expect([moments[0]!.at, moments.at(-1)!.at]).toEqual([1, 1000]);
});
