import type { Colours } from "../../drawing/colours";
import { colourOf, cssColour, fromHex, inkOn, mix, type Scale } from "../../drawing/palette";
import type { Drawing, Surface } from "../../drawing/surface";
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

type Answers = Pick<Evaluation, "classes" | "confusion">;

/** The width of a digit: a number that is wider than its cell is left to the line below the matrix. */
const DIGIT = 9;

/** The cells, each coloured by its share of the row and, where there is room, with its count. */
export function drawMatrix(
  surface: Surface,
  { side, selected }: { side: number; selected?: { row: number; column: number } },
  { classes, confusion }: Answers,
  colours: Colours,
): void {
  const shares = sharesOf(confusion);
  const scale = confusionScale(colours);
  const cell = side / classes.length;
  confusion.forEach((row, y) =>
    row.forEach((count, x) => {
      const rgb = colourOf(scale, shares[y * classes.length + x]!);
      surface.rect(x * cell, y * cell, cell - 1, cell - 1, { fill: cssColour(rgb) });
      if (count > 0 && DIGIT * String(count).length < cell - 4)
        surface.text(String(count), (x + 0.5) * cell, (y + 0.5) * cell, {
          size: 14,
          colour: inkOn(rgb),
          anchor: "middle",
          baseline: "middle",
        });
    }),
  );
  if (selected)
    surface.rect(selected.column * cell + 1, selected.row * cell + 1, cell - 3, cell - 3, {
      stroke: colours.ink,
      width: 2,
    });
}

const CELL = 44;
const EDGE = { left: 130, top: 36, bottom: 116 };

/** The matrix with its numbers as a file holds it. */
export function confusionDrawing(
  answers: Answers,
  words: { truth: string; predicted: string },
  colours: Colours,
): Drawing {
  const { classes } = answers;
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
      surface.within(EDGE.left, EDGE.top, 1, () => drawMatrix(surface, { side }, answers, colours));
      classes.forEach((name, place) => {
        const y = EDGE.top + (place + 0.5) * CELL;
        surface.text(name, EDGE.left - 8, y, { ...label, anchor: "end", baseline: "middle" });
        // Names below stand on steps, so that long ones don't run into each other.
        const below = EDGE.top + side + 18 + 18 * (place % 5);
        surface.text(name, EDGE.left + (place + 0.5) * CELL, below, { ...label, anchor: "middle" });
      });
    },
  };
}
