import type { LayerMaps } from "../../api/types";

/** A map that is zero everywhere: nothing in this input moves its filter. */
export function isDead(channel: LayerMaps["channels"][number] | undefined): boolean {
  return channel !== undefined && channel.minimum === 0 && channel.maximum === 0;
}

export function deadOf(layer: LayerMaps): number[] {
  return layer.channels.flatMap((channel, index) => (isDead(channel) ? [index] : []));
}

/** The axes of space: all but the channels. */
export function spaceOf(layer: LayerMaps): number[] {
  return layer.shape.slice(0, -1);
}

export function channelsOf(layer: LayerMaps): number {
  return layer.shape.at(-1) ?? 0;
}
