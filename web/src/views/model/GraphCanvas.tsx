import { useEffect, useReducer, useRef } from "preact/hooks";
import { Canvas } from "../../components/Canvas";
import {
  fit,
  keepInSight,
  visibleBox,
  zoomAt,
  type Box,
  type Viewport,
} from "../../drawing/viewport";
import { useText } from "../../i18n/text";
import type { Item } from "./items";
import { FRAME_TITLE, type Layout } from "./layout";
import { neighbour } from "./neighbour";
import { drawGraph, type Look } from "./paint";
import { usePanZoom, ZOOM } from "./pointer";

interface GraphCanvasProps {
  label: string;
  layout: Layout;
  look: Look;
  onSelect(item: Item | null): void;
  /** Folds or unfolds. */
  onToggle(group: number): void;
}

/** The graph, to be moved and zoomed; only what is in sight is drawn. */
export function GraphCanvas({ label, layout, look, onSelect, onToggle }: GraphCanvasProps) {
  const { t } = useText();
  const view = useRef<Viewport | null>(null);
  const size = useRef({ width: 0, height: 0 });
  const anchor = useRef<{ group: number; x: number; y: number } | null>(null);
  const shown = useRef<string | null>(null);
  const [, redraw] = useReducer((count: number) => count + 1, 0);

  const current = () => view.current ?? { x: 0, y: 0, scale: 1 };
  const move = (next: Viewport) => {
    view.current = keepInSight(next, layout.box, size.current);
    redraw(undefined);
  };
  const zoom = (factor: number) => {
    const { width, height } = size.current;
    move(zoomAt(current(), factor, [width / 2, height / 2], ZOOM));
  };

  /** Folds or unfolds with the group staying where it is on the screen. */
  const toggle = (group: number) => {
    const box = boxOf(layout, group);
    if (box) {
      const { x, y, scale } = current();
      anchor.current = { group, x: (box.x + box.width / 2) * scale + x, y: box.y * scale + y };
    }
    onToggle(group);
  };

  const click = (px: number, py: number) => {
    const { x, y, scale } = current();
    const [planeX, planeY] = [(px - x) / scale, (py - y) / scale];
    const hit = layout.placed.findLast(({ box }) => contains(box, planeX, planeY));
    if (hit?.item.group && hit.item.id === look.selected) return toggle(hit.item.group.id);
    if (hit) return onSelect(hit.item);
    const frame = layout.frames.findLast(({ box }) =>
      contains({ ...box, height: FRAME_TITLE }, planeX, planeY),
    );
    if (frame) return toggle(frame.group.id);
    onSelect(null);
  };

  const prepare = () => {
    if (!view.current) view.current = firstLook(layout.box, size.current);
    const box = anchor.current && boxOf(layout, anchor.current.group);
    if (anchor.current && box) {
      const { scale } = view.current;
      view.current = {
        scale,
        x: anchor.current.x - (box.x + box.width / 2) * scale,
        y: anchor.current.y - box.y * scale,
      };
      anchor.current = null;
    }
    if (look.selected !== shown.current) {
      shown.current = look.selected;
      const chosen = layout.placed.find(({ item }) => item.id === look.selected);
      if (chosen) view.current = bringIntoSight(view.current, chosen.box, size.current);
    }
  };

  const onKeyDown = (event: KeyboardEvent) => {
    const selected = layout.placed.find(({ item }) => item.id === look.selected);
    const next = neighbour(layout, look.selected, event.key);
    if (next) onSelect(next);
    else if (event.key === "+" || event.key === "=") zoom(1.25);
    else if (event.key === "-") zoom(0.8);
    else if (event.key === "0") move(fit(layout.box, size.current));
    else if (event.key === "Escape") onSelect(null);
    else if (event.key === "Enter" && selected?.item.group) toggle(selected.item.group.id);
    else return;
    event.preventDefault();
  };

  // A model that is smaller now must not be out of sight.
  useEffect(() => {
    if (view.current) view.current = keepInSight(view.current, layout.box, size.current);
  }, [layout]);

  return (
    <div class="graph">
      <Canvas
        class="graph-canvas"
        label={label}
        focusable
        draw={(surface, space) => {
          size.current = space;
          prepare();
          const { x, y, scale } = current();
          surface.within(x, y, scale, () =>
            drawGraph(surface, layout, look, { box: visibleBox(current(), space), scale }),
          );
        }}
        onKeyDown={onKeyDown}
        {...usePanZoom({ view: current, move, click })}
      />
      <div class="graph-zoom">
        <button type="button" class="button" aria-label={t("zoom-in")} onClick={() => zoom(1.4)}>
          +
        </button>
        <button type="button" class="button" aria-label={t("zoom-out")} onClick={() => zoom(0.7)}>
          −
        </button>
        <button type="button" class="button" onClick={() => move(fit(layout.box, size.current))}>
          {t("zoom-fit")}
        </button>
      </div>
    </div>
  );
}

function contains(box: Box, x: number, y: number): boolean {
  return x >= box.x && x < box.x + box.width && y >= box.y && y < box.y + box.height;
}

function boxOf(layout: Layout, group: number): Box | undefined {
  const frame = layout.frames.find((other) => other.group.id === group);
  return frame?.box ?? layout.placed.find(({ item }) => item.group?.id === group)?.box;
}

/** The whole if it can be read so, else the beginning. */
function firstLook(box: Box, size: { width: number; height: number }): Viewport {
  const whole = fit(box, size);
  if (whole.scale >= 0.7) return whole;
  const scale = Math.min(1, Math.max(0.55, (size.width - 48) / box.width));
  return { scale, x: size.width / 2 - (box.x + box.width / 2) * scale, y: 24 - box.y * scale };
}

/** Moves as little as shows the whole box. */
function bringIntoSight(
  view: Viewport,
  box: Box,
  size: { width: number; height: number },
): Viewport {
  const scale = Math.max(view.scale, 0.5);
  const factor = scale / view.scale;
  const zoomed = { scale, x: view.x * factor, y: view.y * factor };
  const along = (offset: number, start: number, length: number, space: number) => {
    const [low, high] = [start * scale + offset, (start + length) * scale + offset];
    if (low >= 16 && high <= space - 16) return offset;
    return space / 2 - (start + length / 2) * scale;
  };
  return {
    scale,
    x: along(zoomed.x, box.x, box.width, size.width),
    y: along(zoomed.y, box.y, box.height, size.height),
  };
}
