import type { Api, Tensor } from "./client";

/** The values that a layer reads or makes for an input. */
export interface ValuesOf {
  model: string;
  version: number;
  layer: string;
  input: string;
  of: "input" | "output";
}

/** One channel of a layer's values: `size` are the axes of space, none for a layer of plain numbers. */
export interface Plane {
  size: number[];
  values: Float32Array;
}

/** Values up to this many are fetched at once, with all their channels; larger ones channel by channel. */
const WHOLE = 1_000_000;
/** How many values are kept for going back and forth. */
const KEPT = 24_000_000;

const kept = new Map<string, Promise<Tensor>>();
const sizes = new Map<string, number>();

/** One channel; `shape` is the shape of all of them (space…, channels), as far as it is known. */
export async function channelOf(
  api: Api,
  values: ValuesOf,
  { channel, shape }: { channel: number; shape: readonly (number | null)[] },
): Promise<Plane> {
  const rank = shape.length - 1;
  const count = shape.reduce<number>((product, size) => product * (size ?? WHOLE), 1);
  if (count <= WHOLE) return planeOf(await wholeOf(api, values), channel);
  const tensor = await remembered(`${keyOf(values)}/${channel}`, () =>
    api.tensor(...query(values, channel)),
  );
  return { size: tensor.shape.slice(0, rank), values: tensor.data };
}

/** All channels: shape (space…, channels). */
export function wholeOf(api: Api, values: ValuesOf): Promise<Tensor> {
  return remembered(keyOf(values), () => api.tensor(...query(values)));
}

/** Takes one channel out of values of shape (space…, channels). */
export function planeOf({ shape, data }: Tensor, channel: number): Plane {
  const channels = shape.at(-1) ?? 1;
  const size = shape.slice(0, -1);
  const values = new Float32Array(channels > 0 ? data.length / channels : 0);
  for (let index = 0; index < values.length; index += 1)
    values[index] = data[index * channels + channel] ?? NaN;
  return { size, values };
}

function query(
  { model, layer, input, of }: ValuesOf,
  channel?: number,
): [string, Record<string, string | number | undefined>] {
  return [`/models/${model}/values`, { layer, input, of, channel }];
}

function keyOf({ model, version, layer, input, of }: ValuesOf): string {
  return [model, version, layer, input, of].join(" ");
}

/** The same request is made once; the values that were asked for longest ago are let go. */
function remembered(key: string, load: () => Promise<Tensor>): Promise<Tensor> {
  const known = kept.get(key);
  if (known) {
    kept.delete(key);
    kept.set(key, known);
    return known;
  }
  const loading = load();
  kept.set(key, loading);
  loading.then(
    ({ data }) => {
      sizes.set(key, data.length);
      letGo();
    },
    () => kept.delete(key),
  );
  return loading;
}

function letGo(): void {
  let count = [...sizes.values()].reduce((sum, size) => sum + size, 0);
  for (const key of kept.keys()) {
    if (count <= KEPT) return;
    count -= sizes.get(key) ?? 0;
    kept.delete(key);
    sizes.delete(key);
  }
}
