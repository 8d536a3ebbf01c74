import type { ChannelTrace, Nested, Trace } from "../../api/types";

/** The numbers of nested lists, the last axis running fastest. */
export function flatten(nested: Nested): number[] {
  const numbers: number[] = [];
  for (const item of nested) {
    if (typeof item === "number") numbers.push(item);
    else numbers.push(...flatten(item));
  }
  return numbers;
}

/** The sizes of nested lists. */
export function sizesOf(nested: Nested): number[] {
  const [first] = nested;
  return Array.isArray(first) ? [nested.length, ...sizesOf(first)] : [nested.length];
}

/** A channel of a trace with its numbers in rows. */
export interface ChannelNumbers {
  /** Its place in the trace. */
  place: number;
  trace: ChannelTrace;
  sizes: number[];
  patch: number[];
  kernel: number[];
  products: number[];
}

export function numbersOf(trace: Trace): ChannelNumbers[] {
  return trace.channels.map((channel, place) => ({
    place,
    trace: channel,
    sizes: sizesOf(channel.kernel),
    patch: flatten(channel.patch),
    kernel: flatten(channel.kernel),
    products: flatten(channel.products),
  }));
}

/** The largest size of some numbers, either sign: the end of a colour scale. */
export function largestOf(lists: readonly (readonly number[])[]): number {
  let largest = 0;
  for (const list of lists)
    for (const value of list) if (Math.abs(value) > largest) largest = Math.abs(value);
  return largest;
}

/** How a row of three grids is cut: cells as large as fit, so that numbers can be read if there is room. */
export function cellSize(sizes: readonly number[], width: number): number {
  const columns = sizes.at(-1) ?? 1;
  const besides = 2 * 28 + 3 * 8 + 116;
  return Math.max(9, Math.min(40, Math.floor((width - besides) / (3 * columns))));
}

/** How many channels fit on a page of about this height. */
export function channelsOnPage(sizes: readonly number[], cell: number, height: number): number {
  const rows = sizes.slice(0, -1).reduce((product, size) => product * size, 1);
  return Math.max(1, Math.min(8, Math.floor(height / (rows * cell + 44))));
}
