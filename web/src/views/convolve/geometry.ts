/**
 * Where a convolution's window lies: which input positions an output value reads, and which output values an input
 * value feeds. Only places, no arithmetic on values: those come from the library.
 */

export type Position = readonly number[];

/** The places of one convolution, axis by axis. */
export interface Window {
  inputSize: readonly number[];
  outputSize: readonly number[];
  kernelSize: readonly number[];
  strides: readonly number[];
  dilationRate: readonly number[];
  /** Zeros before and after each axis; cells cut off, if transposed. */
  padding: readonly (readonly [number, number])[];
  transposed: boolean;
}

/** What one weight of the kernel meets. */
export type Met =
  | { kind: "input"; position: number[] }
  /** A position beyond the input's edge: a zero of the padding. */
  | { kind: "outside"; position: number[] }
  /** Nothing: the strides of a transposed convolution step over this output. */
  | { kind: "between" };

/** All positions of a box, the last axis running fastest. */
export function positionsOf(sizes: readonly number[]): number[][] {
  let positions: number[][] = [[]];
  for (const size of sizes) {
    positions = positions.flatMap((start) =>
      Array.from({ length: size }, (_, place) => [...start, place]),
    );
  }
  return positions;
}

export function countOf(sizes: readonly number[]): number {
  return sizes.reduce((product, size) => product * size, 1);
}

/** The place of a position in a box, the last axis running fastest. */
export function indexOf(position: Position, sizes: readonly number[]): number {
  return sizes.reduce((index, size, axis) => index * size + (position[axis] ?? 0), 0);
}

export function positionAt(index: number, sizes: readonly number[]): number[] {
  const position = sizes.map(() => 0);
  let left = index;
  for (let axis = sizes.length - 1; axis >= 0; axis -= 1) {
    const size = sizes[axis] ?? 1;
    position[axis] = left % size;
    left = Math.floor(left / size);
  }
  return position;
}

export function isInside(position: Position, sizes: readonly number[]): boolean {
  return (
    position.length === sizes.length &&
    position.every((place, axis) => place >= 0 && place < (sizes[axis] ?? 0))
  );
}

/** The nearest position inside a box. */
export function clamp(position: Position, sizes: readonly number[]): number[] {
  return sizes.map((size, axis) =>
    Math.max(0, Math.min(size - 1, Math.round(position[axis] ?? 0))),
  );
}

/** How many cells the kernel spans along an axis, gaps of dilation included. */
export function reach(window: Window, axis: number): number {
  return ((window.kernelSize[axis] ?? 1) - 1) * (window.dilationRate[axis] ?? 1) + 1;
}

/** What the weight at `under` meets for the output value at `at`. */
export function met(window: Window, at: Position, under: Position): Met {
  const position: number[] = [];
  for (let axis = 0; axis < at.length; axis += 1) {
    const stride = window.strides[axis] ?? 1;
    const before = window.padding[axis]?.[0] ?? 0;
    const step = (under[axis] ?? 0) * (window.dilationRate[axis] ?? 1);
    const place = at[axis] ?? 0;
    if (window.transposed) {
      const spread = place + before - step;
      if (spread % stride !== 0) return { kind: "between" };
      position.push(spread / stride);
    } else {
      position.push(place * stride + step - before);
    }
  }
  return { kind: isInside(position, window.inputSize) ? "input" : "outside", position };
}

/** What each weight of the kernel meets, in the order of the kernel's cells. */
export function patch(window: Window, at: Position): Met[] {
  return positionsOf(window.kernelSize).map((under) => met(window, at, under));
}

/** The output positions that the input value at `position` feeds, in the order of the output. */
export function fedBy(window: Window, position: Position): number[][] {
  const axes = window.outputSize.map((size, axis) => {
    const stride = window.strides[axis] ?? 1;
    const before = window.padding[axis]?.[0] ?? 0;
    const places: number[] = [];
    for (let under = 0; under < (window.kernelSize[axis] ?? 1); under += 1) {
      const step = under * (window.dilationRate[axis] ?? 1);
      const place = position[axis] ?? 0;
      const output = window.transposed
        ? place * stride + step - before
        : (place + before - step) / stride;
      if (Number.isInteger(output) && output >= 0 && output < size) places.push(output);
    }
    return places.sort((a, b) => a - b);
  });
  let outputs: number[][] = [[]];
  for (const places of axes) {
    outputs = outputs.flatMap((start) => places.map((place) => [...start, place]));
  }
  return outputs;
}

/** A box of cells: where it starts, and how many cells along each axis. */
export interface Box {
  start: number[];
  size: number[];
}

/** The input with its padding; the input alone where the convolution is transposed. */
export function paddedInput(window: Window): Box {
  if (window.transposed)
    return { start: window.inputSize.map(() => 0), size: [...window.inputSize] };
  return {
    start: window.inputSize.map((_, axis) => 0 - (window.padding[axis]?.[0] ?? 0)),
    size: window.inputSize.map(
      (size, axis) => size + (window.padding[axis]?.[0] ?? 0) + (window.padding[axis]?.[1] ?? 0),
    ),
  };
}

/** The input cells from the first to the last that an output value reads, those in the padding too. */
export function inputBox(window: Window, at: Position): Box | null {
  const met = patch(window, at).flatMap((cell) => (cell.kind === "between" ? [] : [cell.position]));
  return boxAround(met);
}

/** The smallest box around positions. */
export function boxAround(positions: readonly Position[]): Box | null {
  const first = positions[0];
  if (!first) return null;
  const start = [...first];
  const end = [...first];
  for (const position of positions) {
    position.forEach((place, axis) => {
      start[axis] = Math.min(start[axis] ?? place, place);
      end[axis] = Math.max(end[axis] ?? place, place);
    });
  }
  return { start, size: start.map((place, axis) => (end[axis] ?? place) - place + 1) };
}
