import { type Window, clamp, countOf, indexOf, positionAt } from "./geometry";

/**
 * The way that playing takes: over the outputs, row by row; over the inputs where the convolution is transposed, as
 * there it is the input that moves and spreads.
 */
export interface Walk {
  steps: number;
  /** The step at which the output value at this position is finished. */
  stepOf(at: readonly number[]): number;
  /** The output value that is looked at in a step. */
  outputAt(step: number): number[];
  /** Whether the output value at this position is finished after `step`. */
  isFilled(at: readonly number[], step: number): boolean;
}

export function walkOver(window: Window): Walk {
  return window.transposed ? walkOverInputs(window) : walkOverOutputs(window);
}

function walkOverOutputs({ outputSize }: Window): Walk {
  return {
    steps: countOf(outputSize),
    stepOf: (at) => indexOf(at, outputSize),
    outputAt: (step) => positionAt(step, outputSize),
    isFilled: (at, step) => indexOf(at, outputSize) <= step,
  };
}

/**
 * An output value of a transposed convolution is finished when the last input that can reach it has passed: input
 * floor((at + cut off) / stride) along each axis.
 */
function walkOverInputs(window: Window): Walk {
  const { inputSize, outputSize, strides, padding } = window;
  const last = (at: readonly number[]): number[] =>
    clamp(
      at.map((place, axis) =>
        Math.floor((place + (padding[axis]?.[0] ?? 0)) / (strides[axis] ?? 1)),
      ),
      inputSize,
    );
  const stepOf = (at: readonly number[]): number => indexOf(last(at), inputSize);
  return {
    steps: countOf(inputSize),
    stepOf,
    outputAt: (step) => {
      const input = positionAt(step, inputSize);
      const first = input.map(
        (place, axis) => place * (strides[axis] ?? 1) - (padding[axis]?.[0] ?? 0),
      );
      return clamp(first, outputSize);
    },
    isFilled: (at, step) => stepOf(at) <= step,
  };
}

/** The output position one move away, inside the output; a move is along one axis. */
export function moved(
  window: Window,
  at: readonly number[],
  move: { axis: number; by: number },
): number[] {
  const next = [...at];
  next[move.axis] = (next[move.axis] ?? 0) + move.by;
  return clamp(next, window.outputSize);
}

/** The move that a key asks for: left and right along the last axis, up and down along the one before, page keys along depth. */
export function moveOfKey(key: string, rank: number): { axis: number; by: number } | null {
  const axis = { ArrowLeft: 1, ArrowRight: 1, ArrowUp: 2, ArrowDown: 2, PageUp: 3, PageDown: 3 }[
    key
  ];
  if (axis === undefined || axis > rank) return null;
  const by = key === "ArrowLeft" || key === "ArrowUp" || key === "PageUp" ? -1 : 1;
  return { axis: rank - axis, by };
}
