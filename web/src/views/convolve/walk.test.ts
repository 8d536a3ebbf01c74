import { expect, it } from "vitest";
import { fedBy, positionsOf, positionAt, type Window } from "./geometry";
import { moveOfKey, moved, walkOver } from "./walk";

const plain: Window = {
  inputSize: [4, 4],
  outputSize: [2, 3],
  kernelSize: [3, 2],
  strides: [1, 1],
  dilationRate: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  transposed: false,
};

const spread: Window = {
  inputSize: [3, 3],
  outputSize: [6, 6],
  kernelSize: [3, 3],
  strides: [2, 2],
  dilationRate: [1, 1],
  padding: [
    [0, 1],
    [1, 0],
  ],
  transposed: true,
};

it("walks over the outputs row by row", () => {
  const walk = walkOver(plain);
  expect(walk.steps).toBe(6);
  expect(walk.outputAt(4)).toEqual([1, 1]);
  expect(walk.isFilled([1, 1], 3)).toBe(false);
  expect(walk.isFilled([1, 1], 4)).toBe(true);
});

it("fills an output of a transposed convolution no earlier than its last input", () => {
  const walk = walkOver(spread);
  expect(walk.steps).toBe(9);
  for (let step = 0; step < walk.steps; step += 1) {
    for (const at of fedBy(spread, positionAt(step, spread.inputSize))) {
      expect(walk.stepOf(at)).toBeGreaterThanOrEqual(step);
    }
  }
});

it("has filled every output at the end", () => {
  for (const window of [plain, spread]) {
    const walk = walkOver(window);
    for (const at of positionsOf(window.outputSize)) {
      expect(walk.isFilled(at, walk.steps - 1)).toBe(true);
    }
  }
});

it("stays inside the output", () => {
  expect(moved(plain, [1, 2], { axis: 1, by: 1 })).toEqual([1, 2]);
  expect(moved(plain, [1, 2], { axis: 0, by: -1 })).toEqual([0, 2]);
});

it("reads arrow keys by the number of axes", () => {
  expect(moveOfKey("ArrowRight", 1)).toEqual({ axis: 0, by: 1 });
  expect(moveOfKey("ArrowUp", 1)).toBeNull();
  expect(moveOfKey("ArrowUp", 2)).toEqual({ axis: 0, by: -1 });
  expect(moveOfKey("PageDown", 3)).toEqual({ axis: 0, by: 1 });
  expect(moveOfKey("Enter", 3)).toBeNull();
});
