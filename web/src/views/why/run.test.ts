import { expect, it } from "vitest";
import type { Job } from "../../api/types";
import { afterEvent, isOver, WAITING } from "./run";

const job: Job = {
  id: "j-1",
  kind: "maximal_input",
  request: { kind: "maximal_input", model: "main", layer: "conv2d", filter: 0 },
  state: "done",
  progress: 1,
  result: {},
  problem: null,
  tensors: [],
};

it("gathers what an ascent reached", () => {
  const first = afterEvent(WAITING, { type: "ascent", step: 1, steps: 4, activation: 0.5 });
  const second = afterEvent(first, { type: "ascent", step: 2, steps: 4, activation: 0.75 });
  expect(second.progress).toBe(0.5);
  expect(second.ascent.map(({ activation }) => activation)).toEqual([0.5, 0.75]);
});

it("keeps the newest tensor and ends with the job", () => {
  const run = afterEvent(WAITING, { type: "tensor", name: "input", version: 3 });
  expect(run.tensor).toEqual({ name: "input", version: 3 });
  expect(isOver(run)).toBe(false);
  expect(isOver(afterEvent(run, { type: "state", job }))).toBe(true);
});

it("leaves events of other jobs alone", () => {
  expect(
    afterEvent(WAITING, { type: "weights", model: "t-1", version: 1, epoch: 0, step: 0 }),
  ).toBe(WAITING);
});
