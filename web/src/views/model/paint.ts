import type { Colours } from "../../drawing/colours";
import type { Point, Surface } from "../../drawing/surface";
import { overlaps, type Box, type Size } from "../../drawing/viewport";
import { formatCompact, formatCount, formatPercent, formatShape } from "../../i18n/format";
import type { Text } from "../../i18n/text";
import type { Item } from "./items";
import { kindColour, kindOf } from "./kinds";
import type { Layout, Placed } from "./layout";
import { shorten } from "./shorten";
import { drawVolume, volumeOf, volumeSize } from "./volume";

/** What the graph's drawing depends on beside the layout. */
export interface Look {
  colours: Colours;
  /** Pixels of a volume's edge of size 1. */
  unit: number;
  /** Multiply-adds of the whole model. */
  macs: number | null;
  selected: string | null;
  /** Items that a search found; null without a search. */
  found: ReadonlySet<string> | null;
  t: Text;
}

const CARD_WIDTH = 336;
const PADDING = 12;
const LINE = 20;
/** Room for the volume, left of the text. */
const PICTURE = 132;

/** The size of an item's card: as high as its volume and its lines of text need. */
export function cardSize(item: Item, unit: number): Size {
  const picture = volumeSize(volumeOf(item.output, unit));
  const text = 3 * LINE;
  return { width: CARD_WIDTH, height: Math.max(picture.height, text) + 2 * PADDING };
}

/** Draws what a window onto the plane shows; text only where it can be read. */
export function drawGraph(
  surface: Surface,
  layout: Layout,
  look: Look,
  seen: { box: Box; scale: number },
): void {
  const { colours } = look;
  for (const frame of layout.frames) {
    if (!overlaps(frame.box, seen.box)) continue;
    const { x, y, width, height } = frame.box;
    surface.rect(x, y, width, height, {
      fill: colours.sunken,
      stroke: colours.rule,
      radius: 14,
      opacity: 0.75,
    });
    if (seen.scale < 0.3) continue;
    surface.text(`− ${frame.group.name}`, x + 14, y + 15, {
      size: 14,
      colour: colours.muted,
      weight: 600,
      baseline: "middle",
    });
  }
  for (const edge of layout.edges) {
    if (!overlaps(grown(edge.box), seen.box)) continue;
    const chosen = edge.from === look.selected || edge.to === look.selected;
    const stroke = chosen ? colours.accent : colours.muted;
    surface.curve(edge.points, { stroke, width: chosen ? 2.5 : 1.5, opacity: chosen ? 1 : 0.6 });
    arrow(surface, edge.points, stroke);
  }
  for (const placed of layout.placed)
    if (overlaps(placed.box, seen.box)) drawCard(surface, placed, look, seen.scale);
}

const grown = (box: Box): Box => ({
  x: box.x - 8,
  y: box.y - 8,
  width: box.width + 16,
  height: box.height + 16,
});

/** A small arrow's head at the end of an edge. */
function arrow(surface: Surface, points: readonly Point[], fill: string): void {
  const tip = points.at(-1);
  const before = points.at(-2);
  if (!tip || !before) return;
  const length = Math.hypot(tip[0] - before[0], tip[1] - before[1]) || 1;
  const [ux, uy] = [(tip[0] - before[0]) / length, (tip[1] - before[1]) / length];
  const back = (side: number): Point => [
    tip[0] - ux * 8 + uy * side * 4,
    tip[1] - uy * 8 - ux * side * 4,
  ];
  surface.path([tip, back(1), back(-1)], { fill, closed: true });
}

function drawCard(surface: Surface, { item, box }: Placed, look: Look, scale: number): void {
  const { colours } = look;
  const { x, y, width, height } = box;
  const kind = item.node ? kindOf(item.node.type) : "other";
  const colour = item.group ? colours.muted : kindColour(kind);
  const dim = look.found !== null && !look.found.has(item.id);
  const chosen = item.id === look.selected;
  if (item.group)
    for (const behind of [8, 4])
      surface.rect(x + behind, y + behind, width, height, {
        fill: colours.surface,
        stroke: colours.rule,
        radius: 10,
      });
  surface.rect(x, y, width, height, {
    fill: chosen ? colours.accentSoft : colours.surface,
    stroke: chosen ? colours.accent : colours.rule,
    width: chosen ? 2.5 : 1,
    radius: 10,
  });
  drawShare(surface, box, share(item, look), colours);
  const volume = volumeOf(item.output, look.unit);
  const picture = volumeSize(volume);
  const place: Point = [
    x + PADDING + Math.max(0, (PICTURE - 12 - picture.width) / 2),
    y + (height - picture.height) / 2,
  ];
  drawVolume(surface, volume, place, colour, colours.surface);
  if (scale >= 0.3) drawText(surface, { item, box }, look);
  if (dim) surface.rect(x, y, width, height, { fill: colours.surface, radius: 10, opacity: 0.7 });
}

/** The part of the model's multiply-adds that an item makes. */
function share(item: Item, look: Look): number {
  return item.macs !== null && look.macs ? item.macs / look.macs : 0;
}

/** A bar along the card's foot, as long as its share of the cost. */
function drawShare(surface: Surface, { x, y, width, height }: Box, part: number, colours: Colours) {
  if (part < 0.001) return;
  const full = width - 20;
  surface.rect(x + 10, y + height - 4, full, 3, { fill: colours.sunken, radius: 1.5 });
  surface.rect(x + 10, y + height - 4, Math.max(2, full * part), 3, {
    fill: colours.accent,
    radius: 1.5,
  });
}

function drawText(surface: Surface, { item, box }: Placed, look: Look): void {
  const { colours, t } = look;
  const left = box.x + PADDING + PICTURE;
  const room = box.width - PADDING - PICTURE - PADDING;
  const first = box.y + box.height / 2 - LINE;
  const part = share(item, look);
  const percent = part >= 0.005 ? formatPercent(part) : "";
  const line = (row: number, content: string, colour: string, weight = 400) =>
    surface.text(content, left, first + row * LINE, {
      size: 14,
      colour,
      weight,
      baseline: "middle",
    });
  line(
    0,
    shorten(item.group ? `+ ${item.name}` : item.name, room - (percent ? 44 : 0)),
    colours.ink,
    650,
  );
  if (percent)
    surface.text(percent, box.x + box.width - PADDING, first, {
      size: 14,
      colour: colours.muted,
      anchor: "end",
      baseline: "middle",
    });
  line(1, item.node?.type ?? t("layers-inside", { count: item.nodes.length }), colours.muted);
  const count =
    item.parameters < 1e6 ? formatCount(item.parameters) : formatCompact(item.parameters);
  const counted = item.parameters > 0 ? ` · ${count}` : "";
  line(2, `${formatShape(item.output)}${counted}`, colours.muted);
}
