import type { Shape } from "../../api/types";
import { fromHex, mix, toHex } from "../../drawing/palette";
import type { Point, Surface } from "../../drawing/surface";
import type { Size } from "../../drawing/viewport";

/** A volume's edges in pixels: its face is width × height, its depth the channels. */
export interface Volume {
  width: number;
  height: number;
  channels: number;
  /** Faces drawn one behind the other: more than one for the depth of 3-D data. */
  slices: number;
}

/** Edges grow with the power 0.4 of the size: 32 times as many cells are drawn 4 times as long. */
const POWER = 0.4;
export const STRONGER = { size: 32, edge: 4 };

/** Where an edge of channels leads on the screen, for each of its pixels. */
const AWAY: Point = [0.62, -0.4];
/** How far each slice of 3-D data lies behind the one before it. */
const SLICE: Point = [5, -3];

/** Pixels of an edge of size 1, so that the largest edge of a model is as long as asked for. */
export function unitFor(shapes: readonly (Shape | null)[], longest: number): number {
  const sizes = shapes.flatMap((shape) => shape ?? []).map((size) => size ?? 1);
  return longest / Math.max(4, ...sizes.map((size) => size ** POWER));
}

export function volumeOf(shape: Shape | null, unit: number): Volume {
  const edge = (size: number | null | undefined) => unit * (size ?? 1) ** POWER;
  const sizes = shape ?? [];
  const [height, width] =
    sizes.length >= 3 ? [sizes.at(-3), sizes.at(-2)] : [1, sizes.length === 2 ? sizes[0] : 1];
  const depth = sizes.length >= 4 ? (sizes[0] ?? 1) : 1;
  return {
    height: edge(height),
    width: edge(width),
    channels: edge(sizes.at(-1)),
    slices: Math.min(3, depth),
  };
}

/** How much room the drawn volume takes. */
export function volumeSize({ width, height, channels, slices }: Volume): Size {
  return {
    width: width + channels * AWAY[0] + (slices - 1) * SLICE[0],
    height: height - channels * AWAY[1] - (slices - 1) * SLICE[1],
  };
}

/** Draws the volume with its picture's left top corner at (x, y). */
export function drawVolume(
  surface: Surface,
  volume: Volume,
  [x, y]: Point,
  colour: string,
  ground: string,
): void {
  const size = volumeSize(volume);
  for (let slice = volume.slices - 1; slice >= 0; slice--) {
    const left = x + slice * SLICE[0];
    const top = y + size.height - volume.height + slice * SLICE[1];
    drawBlock(surface, volume, [left, top], shadesOf(colour, ground));
  }
}

interface Shades {
  face: string;
  top: string;
  side: string;
  line: string;
}

function shadesOf(colour: string, ground: string): Shades {
  const shade = (share: number) => toHex(mix(fromHex(ground), fromHex(colour), share));
  return { face: shade(0.42), top: shade(0.24), side: shade(0.68), line: shade(0.95) };
}

function drawBlock(surface: Surface, volume: Volume, [x, y]: Point, shades: Shades): void {
  const { width, height, channels } = volume;
  const [dx, dy] = [channels * AWAY[0], channels * AWAY[1]];
  const stroke = { stroke: shades.line, width: 1, closed: true };
  const right = x + width;
  const bottom = y + height;
  surface.path(
    [
      [x, y],
      [x + dx, y + dy],
      [right + dx, y + dy],
      [right, y],
    ],
    { fill: shades.top, ...stroke },
  );
  surface.path(
    [
      [right, y],
      [right + dx, y + dy],
      [right + dx, bottom + dy],
      [right, bottom],
    ],
    { fill: shades.side, ...stroke },
  );
  surface.rect(x, y, width, height, { fill: shades.face, stroke: shades.line, width: 1 });
}
