import { useEffect, useRef, useState } from "preact/hooks";
import type { ViewProps } from "../../app/view";
import { clamp } from "./geometry";

/** The middle of a map: where looking begins. */
export function middleOf(sizes: readonly number[]): number[] {
  return sizes.map((size) => Math.floor((size - 1) / 2));
}

export function readPosition(text: string | undefined, sizes: readonly number[]): number[] | null {
  if (!text || !/^\d+(,\d+)*$/.test(text)) return null;
  const position = text.split(",").map(Number);
  return position.length === sizes.length ? clamp(position, sizes) : null;
}

/** How long a position must rest before it is written into the address. */
const REST_MS = 250;

/**
 * The output position that is looked at. The address holds it too, but follows only when it rests: browsers refuse
 * addresses that change many times a second, as they would while playing.
 */
export function usePosition(
  { route, navigate }: Pick<ViewProps, "route" | "navigate">,
  sizes: readonly number[],
): [number[], (at: number[]) => void] {
  const asked = route.params.at;
  const [at, setAt] = useState(() => readPosition(asked, sizes) ?? middleOf(sizes));
  const written = useRef(asked);

  // Somebody else changed the address: back, forward, or a link.
  useEffect(() => {
    if (asked === written.current) return;
    written.current = asked;
    const position = readPosition(asked, sizes);
    if (position) setAt(position);
  }, [asked, sizes]);

  const shown = readPosition(at.join(","), sizes) ?? middleOf(sizes);
  const text = shown.join(",");
  useEffect(() => {
    if (text === written.current) return;
    const timer = setTimeout(() => {
      written.current = text;
      navigate({ params: { at: text } }, "replace");
    }, REST_MS);
    return () => clearTimeout(timer);
  }, [text, navigate]);

  return [shown, setAt];
}
