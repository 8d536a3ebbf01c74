import type { Histogram } from "../../api/types";
import type { Colours } from "../../drawing/colours";
import type { Drawing, Surface } from "../../drawing/surface";
import { formatValue } from "../../i18n/format";
import { stripPixels, stripRange } from "./strips";
import type { WeightStory } from "./training";

const WIDTH = 960;
const ROW = 112;
const STRIP = { width: 380, height: 64 };
const LEFT = { values: 84, gradient: 560 };

/** The strips of all weights as a file holds them. */
export function stripsDrawing(
  weights: readonly WeightStory[],
  words: { values: string; gradient: string },
  colours: Colours,
): Drawing {
  const small = { size: 12, colour: colours.muted } as const;
  const strip = (
    surface: Surface,
    [left, top]: readonly [number, number],
    { histograms, ink, word }: { histograms: Histogram[]; ink: string; word: string },
  ) => {
    if (histograms.length === 0) return;
    const [low, high] = stripRange(histograms);
    const pixels = stripPixels(histograms, { ground: colours.sunken, ink });
    surface.image(pixels, left, top, STRIP.width, STRIP.height);
    surface.text(formatValue(high, 2), left - 6, top + 10, { ...small, anchor: "end" });
    surface.text(formatValue(low, 2), left - 6, top + STRIP.height, { ...small, anchor: "end" });
    surface.text(word, left, top + STRIP.height + 15, small);
  };
  return {
    width: WIDTH,
    height: 12 + ROW * weights.length,
    draw(surface) {
      weights.forEach(({ layer, weight, moments }, place) => {
        const top = 12 + ROW * place;
        surface.text(`${layer} / ${weight}`, LEFT.values, top + 12, {
          size: 14,
          colour: colours.ink,
          weight: 600,
          family: "mono",
        });
        strip(surface, [LEFT.values, top + 20], {
          histograms: moments.map(({ values }) => values),
          ink: colours.accent,
          word: words.values,
        });
        strip(surface, [LEFT.gradient, top + 20], {
          histograms: moments.flatMap(({ gradient }) => gradient ?? []),
          ink: colours.warning,
          word: words.gradient,
        });
      });
    },
  };
}
