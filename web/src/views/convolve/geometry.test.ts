import { describe, expect, it } from "vitest";
import {
  boxAround,
  fedBy,
  indexOf,
  inputBox,
  met,
  paddedInput,
  patch,
  positionAt,
  positionsOf,
  type Window,
} from "./geometry";

const plain: Window = {
  inputSize: [5, 6],
  outputSize: [3, 4],
  kernelSize: [3, 3],
  strides: [1, 1],
  dilationRate: [1, 1],
  padding: [
    [0, 0],
    [0, 0],
  ],
  transposed: false,
};

const strided: Window = {
  ...plain,
  outputSize: [3, 3],
  strides: [2, 2],
  padding: [
    [1, 1],
    [0, 1],
  ],
};

const dilated: Window = { ...plain, outputSize: [1, 2], dilationRate: [2, 2] };

const transposed: Window = {
  inputSize: [3, 3],
  outputSize: [6, 6],
  kernelSize: [3, 3],
  strides: [2, 2],
  dilationRate: [1, 1],
  padding: [
    [0, 1],
    [0, 1],
  ],
  transposed: true,
};

/** Every pair of an output and an input that meet, told from both ends, must be the same pairs. */
function pairsFromOutputs(window: Window): Set<string> {
  const pairs = new Set<string>();
  for (const at of positionsOf(window.outputSize)) {
    for (const cell of patch(window, at)) {
      if (cell.kind === "input") pairs.add(`${at.join()}<-${cell.position.join()}`);
    }
  }
  return pairs;
}

function pairsFromInputs(window: Window): Set<string> {
  const pairs = new Set<string>();
  for (const position of positionsOf(window.inputSize)) {
    for (const at of fedBy(window, position)) pairs.add(`${at.join()}<-${position.join()}`);
  }
  return pairs;
}

describe("what an output reads and what an input feeds", () => {
  for (const [name, window] of Object.entries({ plain, strided, dilated, transposed })) {
    it(`agree from both ends when ${name}`, () => {
      expect(pairsFromInputs(window)).toEqual(pairsFromOutputs(window));
    });
  }

  it("puts the window's corner outside the input where there is padding", () => {
    expect(met(strided, [0, 0], [0, 0])).toEqual({ kind: "outside", position: [-1, 0] });
    expect(met(strided, [0, 0], [1, 0])).toEqual({ kind: "input", position: [0, 0] });
  });

  it("keeps the gaps of a dilated kernel", () => {
    expect(inputBox(dilated, [0, 1])).toEqual({ start: [0, 1], size: [5, 5] });
  });

  it("steps over outputs between the strides of a transposed convolution", () => {
    expect(met(transposed, [1, 1], [0, 0])).toEqual({ kind: "between" });
    expect(met(transposed, [1, 1], [1, 1])).toEqual({ kind: "input", position: [0, 0] });
  });

  it("works along one and three axes", () => {
    const line: Window = {
      ...plain,
      inputSize: [5],
      outputSize: [5],
      kernelSize: [3],
      strides: [1],
      dilationRate: [1],
      padding: [[1, 1]],
    };
    expect(fedBy(line, [0])).toEqual([[0], [1]]);
    const cube: Window = {
      ...plain,
      inputSize: [3, 3, 3],
      outputSize: [2, 2, 2],
      kernelSize: [2, 2, 2],
      strides: [1, 1, 1],
      dilationRate: [1, 1, 1],
      padding: [
        [0, 0],
        [0, 0],
        [0, 0],
      ],
    };
    expect(fedBy(cube, [1, 1, 1])).toHaveLength(8);
  });
});

describe("places", () => {
  it("count the last axis fastest", () => {
    expect(indexOf([1, 2], [3, 4])).toBe(6);
    expect(positionAt(6, [3, 4])).toEqual([1, 2]);
  });

  it("of a padded input begin before zero", () => {
    expect(paddedInput(strided)).toEqual({ start: [-1, 0], size: [7, 7] });
  });

  it("have a smallest box around them", () => {
    expect(boxAround([])).toBeNull();
    expect(
      boxAround([
        [2, 1],
        [0, 4],
      ]),
    ).toEqual({ start: [0, 1], size: [3, 4] });
  });
});
