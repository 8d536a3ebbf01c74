import type { Colours } from "./colours";
import { rectangleOf } from "./plane";
import type { PlanePicture } from "./plane-picture";
import { cssColour } from "./palette";
import type { Drawing } from "./surface";

/** A row of values as bars from zero, up or down: the planes of 1-D convolutions. */
export function barsDrawing(
  picture: PlanePicture,
  range: { minimum: number; maximum: number },
  colours: Colours,
): Drawing {
  const { layout, inside } = picture;
  const low = Math.min(0, range.minimum);
  const high = Math.max(0, range.maximum);
  const span = high > low ? high - low : 1;
  const heightOf = (value: number): number => ((value - low) / span) * (layout.height - 8);
  const zero = layout.height - 4 - heightOf(0);
  return {
    width: layout.width,
    height: layout.height,
    draw(surface) {
      const area = rectangleOf(layout, inside);
      surface.rect(0, 0, layout.width, layout.height, { fill: colours.sunken });
      surface.clip(0, 0, layout.width, layout.height, () => {
        for (let x = -layout.height; x < layout.width; x += 7)
          surface.path(
            [
              [x, layout.height],
              [x + layout.height, 0],
            ],
            { stroke: colours.rule },
          );
      });
      surface.rect(area.x, 0, area.width, layout.height, { fill: colours.raised });
      for (let column = inside.column; column < inside.column + inside.columns; column += 1) {
        const cell = picture.valueAt(0, column);
        if (!cell) continue;
        const at = rectangleOf(layout, { row: 0, column, rows: 1, columns: 1 });
        const top = layout.height - 4 - heightOf(cell.value);
        const gap = at.width > 5 ? 1 : 0;
        surface.rect(
          at.x + gap,
          Math.min(top, zero),
          at.width - 2 * gap,
          Math.max(1, Math.abs(top - zero)),
          {
            fill: cssColour(cell.ground),
          },
        );
      }
      surface.path(
        [
          [0, zero],
          [layout.width, zero],
        ],
        { stroke: colours.muted },
      );
      for (const mark of picture.marks) {
        const colour =
          mark.as === "window" || mark.as === "touched" ? colours.accent : colours.warning;
        for (const box of mark.boxes) {
          const at = rectangleOf(layout, { ...box, row: 0, rows: 1 });
          surface.rect(at.x + 1, 1.5, at.width - 2, layout.height - 3, {
            stroke: colour,
            width: mark.as === "window" || mark.as === "chosen" ? 3 : 1,
          });
        }
      }
    },
  };
}
