import type { Colours } from "../../drawing/colours";
import { colourOf, cssColour, fromHex, inkOn, mix, type Scale } from "../../drawing/palette";
import type { Drawing } from "../../drawing/surface";
import type { Evaluation } from "./training";

/** Each row as shares of its class, row by row. */
export function sharesOf(confusion: readonly (readonly number[])[]): Float32Array {
  return Float32Array.from(
    confusion.flatMap((row) => {
      const all = row.reduce((sum, count) => sum + count, 0);
      return row.map((count) => (all > 0 ? count / all : 0));
    }),
  );
}

/** From the page's ground to its accent; small shares are lifted, so that a few mistakes are seen. */
export function confusionScale({ sunken, accent }: Colours): Scale {
  const [from, to] = [fromHex(sunken), fromHex(accent)];
  const table = Array.from({ length: 257 }, (_, step) => mix(from, to, Math.sqrt(step / 256)));
  return { kind: "sequential", minimum: 0, maximum: 1, table };
}

const CELL = 44;
const EDGE = { left: 130, top: 36, bottom: 116 };

/** The matrix with its numbers as a file holds it. */
export function confusionDrawing(
  { classes, confusion }: Pick<Evaluation, "classes" | "confusion">,
  words: { truth: string; predicted: string },
  colours: Colours,
): Drawing {
  const shares = sharesOf(confusion);
  const scale = confusionScale(colours);
  const side = CELL * classes.length;
  return {
    width: EDGE.left + side + 24,
    height: EDGE.top + side + EDGE.bottom,
    draw(surface) {
      const label = { size: 13, colour: colours.ink } as const;
      surface.text(`${words.truth} ↓  ${words.predicted} →`, 12, 22, {
        size: 13,
        colour: colours.muted,
      });
      classes.forEach((name, row) => {
        const y = EDGE.top + (row + 0.5) * CELL;
        surface.text(name, EDGE.left - 8, y, { ...label, anchor: "end", baseline: "middle" });
        // Names below stand on steps, so that long ones don't run into each other.
        const below = EDGE.top + side + 18 + 18 * (row % 5);
        surface.text(name, EDGE.left + (row + 0.5) * CELL, below, { ...label, anchor: "middle" });
        confusion[row]!.forEach((count, column) => {
          const rgb = colourOf(scale, shares[row * classes.length + column]!);
          const x = EDGE.left + column * CELL;
          surface.rect(x, EDGE.top + row * CELL, CELL - 1, CELL - 1, { fill: cssColour(rgb) });
          if (count > 0)
            surface.text(String(count), x + CELL / 2, y, {
              size: 13,
              colour: inkOn(rgb),
              anchor: "middle",
              baseline: "middle",
            });
        });
      });
    },
  };
}
