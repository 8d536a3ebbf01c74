import type { ChannelTrace } from "../../api/types";

/** How the channels of a trace are ordered. */
export type Order = "strength" | "channel";

/** So many channels stand in their own order; of more, the strongest come first. */
export const FEW = 4;

/** The places of the channels in the trace, by how much they add (either sign), or as they come. */
export function ordered(channels: readonly Pick<ChannelTrace, "adds">[], order: Order): number[] {
  const places = channels.map((_, place) => place);
  if (order === "channel") return places;
  const strength = (place: number): number => Math.abs(channels[place]?.adds ?? 0);
  return places.sort((a, b) => strength(b) - strength(a) || a - b);
}

/** A page of a long list. */
export interface Page {
  page: number;
  pages: number;
  places: number[];
}

export function pageOf(places: readonly number[], page: number, size: number): Page {
  const pages = Math.max(1, Math.ceil(places.length / size));
  const shown = Math.max(0, Math.min(pages - 1, page));
  return { page: shown, pages, places: places.slice(shown * size, (shown + 1) * size) };
}

/** The channels that a page leaves out: how many, and what they add together. */
export function restOf(
  channels: readonly Pick<ChannelTrace, "adds">[],
  shown: readonly number[],
): { count: number; adds: number } {
  const on = new Set(shown);
  const rest = channels.filter((_, place) => !on.has(place));
  return { count: rest.length, adds: rest.reduce((sum, channel) => sum + channel.adds, 0) };
}
