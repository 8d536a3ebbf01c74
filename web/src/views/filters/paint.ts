import type { Tensor } from "../../api/client";
import type { FilterMatrix } from "../../api/types";
import type { Colours } from "../../drawing/colours";
import { cssColour, colourOf, type Scale } from "../../drawing/palette";
import type { Pixels, Surface } from "../../drawing/surface";
import { overlaps, type Box, type Size } from "../../drawing/viewport";
import { kernelOf, partOf, type Atlas } from "./kernels";
import * as placement from "./placement";
import type { Arrangement, Picture } from "./placement";

/** What is drawn, whatever part of it is in sight. */
export interface Sheet {
  matrix: FilterMatrix;
  kernels: Tensor;
  arrangement: Arrangement;
  /** The arrangement of each picture, for the way between them. */
  arrangements: Record<"kernels" | "block", Arrangement>;
  atlas: Atlas;
  colourPictures: Pixels[] | null;
  scale: Scale;
  order: readonly number[];
  chosen: { filter: number; channel: number } | null;
  colours: Colours;
}

export interface Corner {
  x: number;
  y: number;
}

/** A picture as a window at some place of it shows it. */
export function drawSheet(
  surface: Surface,
  sheet: Sheet,
  picture: Picture,
  window: Size,
  corner: Corner,
): void {
  const seen: Box = { ...corner, ...window };
  surface.within(-corner.x, -corner.y, 1, () => {
    if (picture === "kernels") drawMatrix(surface, sheet, seen);
    else drawBlocks(surface, sheet, picture, seen);
  });
  if (picture === "kernels") drawHeads(surface, sheet, window, corner);
}

/**
 * The way from one picture to the other: every kernel goes straight from its place in the matrix to its place in the
 * block. `share` runs from 0 (matrix) to 1 (blocks).
 */
export function drawBetween(
  surface: Surface,
  sheet: Sheet,
  share: number,
  window: Size,
  corners: { kernels: Corner; block: Corner },
): void {
  const { order } = sheet;
  const { kernels, block } = sheet.arrangements;
  const [fromFirst, fromEnd] = placement.placesInSight(kernels, "kernels", {
    ...corners.kernels,
    ...window,
  });
  const [toFirst, toEnd] = placement.placesInSight(block, "block", {
    ...corners.block,
    ...window,
  });
  const places = new Set<number>();
  for (let place = fromFirst; place < fromEnd; place++) places.add(place);
  for (let place = toFirst; place < toEnd; place++) places.add(place);
  for (const place of places) {
    const filter = order[place]!;
    for (const channel of shownChannels(block)) {
      const at = { place, filter, channel };
      const from = placement.kernelBox(kernels, "kernels", at);
      const to = placement.kernelBox(block, "block", at);
      const between = (a: number, b: number) => a + (b - a) * share;
      const box = {
        x: between(from.x - corners.kernels.x, to.x - corners.block.x),
        y: between(from.y - corners.kernels.y, to.y - corners.block.y),
        width: between(from.width, to.width),
        height: between(from.height, to.height),
      };
      if (!overlaps(box, { x: 0, y: 0, ...window })) continue;
      drawKernel(surface, sheet, filter, channel, box);
      if (share > 0) outline(surface, box, sheet, share);
    }
  }
}

function drawMatrix(surface: Surface, sheet: Sheet, seen: Box): void {
  const { arrangement, order, atlas, colours } = sheet;
  const [first, end] = placement.placesInSight(arrangement, "kernels", seen);
  const touching = placement.gapOf(arrangement) === 0;
  for (let place = first; place < end; place++) {
    const filter = order[place]!;
    const [top, bottom] = placement.channelsInSight(arrangement, filter, seen);
    if (bottom <= top) continue;
    const at = (channel: number) =>
      placement.kernelBox(arrangement, "kernels", { place, filter, channel });
    if (touching) {
      const { x, y, width, height } = at(top);
      const { pixels, part } = partOf(atlas, filter, [top, bottom - top]);
      surface.image(pixels, x, y, width, height * (bottom - top), part);
    } else {
      for (let channel = top; channel < bottom; channel++)
        drawKernel(surface, sheet, filter, channel, at(channel));
    }
  }
  drawChoice(surface, sheet, "kernels", colours);
}

function drawBlocks(surface: Surface, sheet: Sheet, picture: Picture, seen: Box): void {
  const { arrangement, order, colours, colourPictures } = sheet;
  const [first, end] = placement.placesInSight(arrangement, picture, seen);
  for (let place = first; place < end; place++) {
    const filter = order[place]!;
    const at = (channel: number) =>
      placement.kernelBox(arrangement, picture, { place, filter, channel });
    if (colourPictures && picture === "colour") {
      const { x, y, width, height } = at(0);
      surface.image(colourPictures[filter]!, x, y, width, height);
    } else {
      for (const channel of shownChannels(arrangement)) {
        drawKernel(surface, sheet, filter, channel, at(channel));
        outline(surface, at(channel), sheet, 1);
      }
    }
    const { x, y, width, height } = at(0);
    drawNumber(surface, sheet, filter, [x + width / 2, y + height + 13]);
  }
  drawChoice(surface, sheet, picture, colours);
}

/** Channels from the back to the front; of very deep blocks only as many as the eye can tell apart. */
function shownChannels(arrangement: Arrangement): number[] {
  const step = placement.stepOf(arrangement);
  const every = Math.max(1, Math.ceil(1.2 / Math.max(0.01, step.x)));
  const channels: number[] = [];
  for (let channel = 0; channel < arrangement.depth; channel += every) channels.push(channel);
  return channels.reverse();
}

function drawKernel(
  surface: Surface,
  sheet: Sheet,
  filter: number,
  channel: number,
  box: Box,
): void {
  if (sheet.arrangement.tile.kind === "bars") drawBars(surface, sheet, filter, channel, box);
  else {
    const { pixels, part } = partOf(sheet.atlas, filter, [channel, 1]);
    surface.image(pixels, box.x, box.y, box.width, box.height, part);
  }
}

/** A 1-D kernel: bars up and down from the middle. */
function drawBars(
  surface: Surface,
  { matrix, kernels, scale, colours }: Sheet,
  filter: number,
  channel: number,
  box: Box,
): void {
  const weights = kernelOf(kernels, matrix, filter, channel);
  const middle = box.y + box.height / 2;
  const width = box.width / weights.length;
  surface.rect(box.x, box.y, box.width, box.height, { fill: colours.raised });
  for (const [i, weight] of weights.entries()) {
    const height = (Math.abs(weight) / scale.maximum) * (box.height / 2);
    const top = weight > 0 ? middle - height : middle;
    surface.rect(box.x + i * width + 0.5, top, Math.max(1, width - 1), Math.max(0.5, height), {
      fill: cssColour(colourOf(scale, weight)),
    });
  }
  surface.rect(box.x, middle - 0.25, box.width, 0.5, { fill: colours.muted });
}

function outline(surface: Surface, { x, y, width, height }: Box, sheet: Sheet, share: number) {
  surface.rect(x, y, width, height, {
    stroke: sheet.colours.muted,
    width: 0.6,
    opacity: 0.7 * share,
  });
}

/** A frame around the chosen filter's column or block, and one around its chosen kernel. */
function drawChoice(surface: Surface, sheet: Sheet, picture: Picture, colours: Colours): void {
  const { chosen, order, arrangement } = sheet;
  if (!chosen) return;
  const place = order.indexOf(chosen.filter);
  const at = (channel: number) =>
    placement.kernelBox(arrangement, picture, { place, filter: chosen.filter, channel });
  const ends = picture === "colour" ? [at(0)] : [at(0), at(arrangement.depth - 1)];
  const [x, y] = [Math.min(...ends.map((box) => box.x)), Math.min(...ends.map((box) => box.y))];
  const right = Math.max(...ends.map((box) => box.x + box.width));
  const bottom = Math.max(...ends.map((box) => box.y + box.height));
  surface.rect(x - 2.5, y - 2.5, right - x + 5, bottom - y + 5, {
    stroke: colours.accent,
    width: 3,
    radius: 3,
  });
  if (picture === "colour") return;
  const kernel = at(chosen.channel);
  surface.rect(kernel.x - 1, kernel.y - 1, kernel.width + 2, kernel.height + 2, {
    stroke: colours.ink,
    width: 2,
  });
}

/** Numbers of filters above and of channels at the left; they stay while the matrix moves under them. */
function drawHeads(surface: Surface, sheet: Sheet, window: Size, corner: Corner): void {
  const { arrangement, order, matrix, colours } = sheet;
  const { width, height } = placement.kernelSize(arrangement);
  const gap = placement.gapOf(arrangement);
  surface.rect(0, 0, window.width, placement.HEAD.top - 3, { fill: colours.surface });
  surface.rect(0, 0, placement.HEAD.left - 5, window.height, { fill: colours.surface });
  const seen = { ...corner, ...window };
  const [first, end] = placement.placesInSight(arrangement, "kernels", seen);
  const everyFilter = Math.ceil(30 / (width + gap));
  for (let place = first; place < end; place++) {
    const filter = order[place]!;
    const x = placement.HEAD.left + place * (width + gap) - corner.x + width / 2;
    const marked = isMarked(matrix, filter) || filter === sheet.chosen?.filter;
    if ((place % everyFilter === 0 || marked) && x > placement.HEAD.left - 4)
      drawNumber(surface, sheet, filter, [x, 13]);
  }
  const everyRow = Math.ceil(18 / (height + gap));
  const firstRow = Math.max(0, Math.floor((corner.y - placement.HEAD.top) / (height + gap)));
  for (let row = firstRow; row < arrangement.rows; row++) {
    const y = placement.HEAD.top + row * (height + gap) - corner.y + height / 2;
    if (y > window.height) break;
    if (row % everyRow === 0 && y > placement.HEAD.top)
      surface.text(String(row), placement.HEAD.left - 12, y, {
        size: 14,
        colour: colours.muted,
        anchor: "end",
        baseline: "middle",
      });
  }
  surface.rect(0, 0, placement.HEAD.left - 5, placement.HEAD.top - 3, { fill: colours.surface });
}

export function isMarked(matrix: FilterMatrix, filter: number): boolean {
  const { dead, duplicate_of: twin } = matrix.statistics[filter]!;
  return dead || twin !== null;
}

/** A filter's number: `5 ∅` is dead, `7 = 2` has the weights of filter 2. */
function drawNumber(
  surface: Surface,
  { matrix, colours, chosen }: Sheet,
  filter: number,
  [x, y]: readonly [number, number],
): void {
  const { dead, duplicate_of: twin } = matrix.statistics[filter]!;
  const mark = dead ? " ∅" : twin !== null ? `=${twin}` : "";
  const colour = mark
    ? colours.warning
    : chosen?.filter === filter
      ? colours.accent
      : colours.muted;
  surface.text(`${filter}${mark}`, x, y, {
    size: 14,
    colour,
    anchor: "middle",
    baseline: "middle",
    weight: mark || chosen?.filter === filter ? 650 : 400,
  });
}
