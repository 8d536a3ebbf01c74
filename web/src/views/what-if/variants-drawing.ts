import type { ConvolutionInfo, WhatIf } from "../../api/types";
import type { Drawing, Surface } from "../../drawing/surface";
import { formatCompact, formatCount } from "../../i18n/format";
import { kernelsOf, shareOf } from "./comparison";
import { drawSchematic, type SchematicLook } from "./schematic";

const WIDTH = 960;
const ROW = 96;
const HEAD = 40;
const BARS = { parameters: 560, macs: 770, width: 170 };

/** The comparison as a file holds it: a row for each way of sharing. */
export function variantsDrawing(
  { whatIf, convolution }: { whatIf: WhatIf; convolution: ConvolutionInfo },
  words: { parameters: string; macs: string },
  look: SchematicLook,
): Drawing {
  const { colours } = look;
  const { variants } = whatIf;
  const params = variants.map((variant) => variant.params);
  const macs = variants.map((variant) => variant.macs);
  const small = { size: 13, colour: colours.muted } as const;
  return {
    width: WIDTH,
    height: HEAD + ROW * variants.length + 12,
    draw(surface) {
      surface.text(whatIf.layer, 16, 26, { size: 17, colour: colours.ink, weight: 650 });
      surface.text(words.parameters, BARS.parameters, 26, small);
      surface.text(words.macs, BARS.macs, 26, small);
      variants.forEach((variant, place) => {
        const top = HEAD + ROW * place;
        surface.path(
          [
            [16, top],
            [WIDTH - 16, top],
          ],
          { stroke: colours.rule },
        );
        const kernels = kernelsOf(variant, convolution);
        surface.within(16, top + 10, 1, () =>
          drawSchematic(
            surface,
            { width: 150, height: ROW - 20 },
            { sharing: variant.sharing, kernels },
            look,
          ),
        );
        const weight = variant.as_it_is ? 700 : 550;
        surface.text(variant.name, 186, top + 34, { size: 15, colour: colours.ink, weight });
        surface.text(variant.formula, 186, top + 58, small);
        drawBar(surface, [BARS.parameters, top], {
          text: formatCount(variant.params),
          share: shareOf(variant.params, params),
        });
        drawBar(surface, [BARS.macs, top], {
          text: variant.macs === null ? "?" : formatCompact(variant.macs),
          share: shareOf(variant.macs, macs),
        });
      });
    },
  };

  function drawBar(
    surface: Surface,
    [left, top]: readonly [number, number],
    { text, share }: { text: string; share: number },
  ): void {
    surface.text(text, left, top + 34, { size: 15, colour: colours.ink, weight: 650 });
    surface.rect(left, top + 46, BARS.width, 8, { fill: colours.sunken, radius: 4 });
    surface.rect(left, top + 46, Math.max(2, BARS.width * share), 8, {
      fill: colours.accent,
      radius: 4,
    });
  }
}
