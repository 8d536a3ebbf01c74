import type { ConvolutionInfo, Trace } from "../../api/types";
import type { Colours } from "../../drawing/colours";
import { numberGridDrawing } from "../../drawing/number-grid";
import { exact, signed } from "../../drawing/numbers";
import type { Scale } from "../../drawing/palette";
import type { Drawing, Surface } from "../../drawing/surface";
import { channelGrids, scalesOf } from "./channel-grids";
import { ordered } from "./contributions-order";
import type { Met } from "./geometry";
import { numbersOf, type ChannelNumbers } from "./grids";
import { colourOfKernel, tiesOf } from "./ties";

/** What a picture of the stage shows. */
export interface StagePicture {
  input: Drawing;
  output: Drawing;
  trace: Trace;
  convolution: ConvolutionInfo;
  met: readonly Met[];
  scale: Scale;
  titles: { input: string; filter: string; output: string };
  name(place: number): string;
  isDark: boolean;
}

/** So many channels are drawn; of more, the strongest. */
const MOST = 6;
const MARGIN = 24;
const GAP = 44;
const HEAD = 34;
const SIGN = 30;
const SUM = 120;

/** Input, arithmetic and output beside each other, as a file holds them. */
export function stageDrawing(picture: StagePicture, colours: Colours): Drawing {
  const { input, output, trace, titles } = picture;
  const rows = rowsOf(picture, colours);
  const middle = Math.max(...rows.map(({ width }) => width), 240);
  const height = rows.reduce((sum, row) => sum + row.height, 0);
  const left = input.width + GAP;
  const right = left + middle + GAP;
  const whole: Drawing = {
    width: right + Math.max(output.width, 300),
    height: HEAD + Math.max(input.height, height, output.height + 150),
    draw(surface) {
      const title = { size: 18, colour: colours.ink, weight: 650 };
      surface.text(titles.input, 0, 18, title);
      surface.text(titles.filter, left, 18, title);
      surface.text(titles.output, right, 18, title);
      surface.within(0, HEAD, 1, () => input.draw(surface));
      surface.within(right, HEAD, 1, () => output.draw(surface));
      let top = HEAD;
      for (const row of rows) {
        surface.within(left, top, 1, () => row.draw(surface));
        top += row.height;
      }
      surface.within(right, HEAD + output.height + 28, 1, () =>
        drawEquation(surface, trace, colours),
      );
    },
  };
  return {
    width: whole.width + 2 * MARGIN,
    height: whole.height + 2 * MARGIN,
    draw: (surface) => surface.within(MARGIN, MARGIN, 1, () => whole.draw(surface)),
  };
}

function rowsOf(picture: StagePicture, colours: Colours): Drawing[] {
  const { trace, convolution, met, scale, name, isDark } = picture;
  const channels = numbersOf(trace);
  const many = channels.length > MOST;
  const places = ordered(trace.channels, many ? "strength" : "channel").slice(0, MOST);
  const scales = scalesOf(channels, scale);
  const ties = tiesOf(convolution);
  return places.flatMap((place) => {
    const channel = channels[place];
    if (!channel) return [];
    const kernel = ties.kernelOf(channel.trace.channel, trace.filter) ?? 0;
    const grids = channelGrids(channel, {
      scales,
      met,
      cell: 38,
      kernelColour: colourOfKernel(ties, kernel, isDark),
      chosenCell: null,
      isDark,
    });
    return rowDrawing(channel, name(place), { grids, colours });
  });
}

function rowDrawing(
  channel: ChannelNumbers,
  name: string,
  { grids, colours }: { grids: ReturnType<typeof channelGrids>; colours: Colours },
): Drawing {
  const parts = [grids.patch, grids.kernel, grids.products].map((grid) =>
    numberGridDrawing(grid, colours),
  );
  const [patch, kernel, products] = parts;
  if (!patch || !kernel || !products) return { width: 0, height: 0, draw: () => undefined };
  return {
    width: patch.width + kernel.width + products.width + 2 * SIGN + SUM,
    height: patch.height + 40,
    draw(surface) {
      surface.text(name, 4, 14, { size: 15, colour: colours.ink, weight: 600 });
      const middle = 22 + patch.height / 2;
      const sign = {
        size: 20,
        colour: colours.muted,
        anchor: "middle",
        baseline: "middle",
      } as const;
      let x = 0;
      for (const [part, symbol] of [
        [patch, "×"],
        [kernel, "="],
        [products, ""],
      ] as const) {
        const at = x;
        surface.within(at, 22, 1, () => part.draw(surface));
        surface.text(symbol, at + part.width + SIGN / 2, middle, sign);
        x += part.width + SIGN;
      }
      surface.text(exact(channel.trace.adds), x - SIGN + 14, middle, {
        size: 16,
        colour: colours.ink,
        weight: 650,
        baseline: "middle",
      });
    },
  };
}

function drawEquation(surface: Surface, trace: Trace, colours: Colours): void {
  const { sum, bias, total, activation, value } = trace;
  const lines = [
    `Σ = ${exact(sum)}`,
    ...(bias === null ? [] : [`${signed(bias)} = ${exact(total)}`]),
    ...(activation === "linear" ? [] : [`${activation}(${exact(total)})`]),
  ];
  lines.forEach((line, index) =>
    surface.text(line, 0, 16 + index * 24, { size: 15, colour: colours.muted }),
  );
  surface.text(`= ${exact(value)}`, 0, 16 + lines.length * 24 + 10, {
    size: 24,
    colour: colours.accent,
    weight: 650,
  });
}
