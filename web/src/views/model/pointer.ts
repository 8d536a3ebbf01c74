import { useRef } from "preact/hooks";
import { zoomAt, type Viewport } from "../../drawing/viewport";

export const ZOOM = { minimum: 0.05, maximum: 3 };
/** A pointer that moved less than this was a click. */
const CLICK = 5;

interface Handlers {
  view(): Viewport;
  move(view: Viewport): void;
  click(x: number, y: number): void;
}

/** Moves and zooms a plane with mouse, wheel, fingers and trackpad; a press without a way is a click. */
export function usePanZoom({ view, move, click }: Handlers) {
  const pointers = useRef(new Map<number, { x: number; y: number }>());
  const way = useRef(0);

  return {
    onPointerDown(event: PointerEvent) {
      (event.currentTarget as HTMLElement).setPointerCapture(event.pointerId);
      if (pointers.current.size === 0) way.current = 0;
      pointers.current.set(event.pointerId, { x: event.offsetX, y: event.offsetY });
    },

    onPointerMove(event: PointerEvent) {
      const before = pointers.current.get(event.pointerId);
      if (!before) return;
      const now = { x: event.offsetX, y: event.offsetY };
      const other = [...pointers.current].find(([id]) => id !== event.pointerId)?.[1];
      pointers.current.set(event.pointerId, now);
      way.current += Math.hypot(now.x - before.x, now.y - before.y);
      const old = view();
      if (!other) {
        move({ ...old, x: old.x + now.x - before.x, y: old.y + now.y - before.y });
        return;
      }
      const distance = (point: { x: number; y: number }) =>
        Math.max(10, Math.hypot(point.x - other.x, point.y - other.y));
      const middle = [(now.x + other.x) / 2, (now.y + other.y) / 2] as const;
      move(zoomAt(old, distance(now) / distance(before), middle, ZOOM));
    },

    onPointerUp(event: PointerEvent) {
      const known = pointers.current.delete(event.pointerId);
      if (known && pointers.current.size === 0 && way.current < CLICK)
        click(event.offsetX, event.offsetY);
    },

    onPointerCancel(event: PointerEvent) {
      pointers.current.delete(event.pointerId);
    },

    /** A wheel moves; with the control key, as trackpads send for pinching, it zooms. */
    onWheel(event: WheelEvent) {
      event.preventDefault();
      const old = view();
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 20 : 1;
      if (event.ctrlKey || event.metaKey) {
        const factor = Math.exp((-event.deltaY * lines) / 200);
        move(zoomAt(old, factor, [event.offsetX, event.offsetY], ZOOM));
      } else {
        const sideways = event.shiftKey && event.deltaX === 0;
        const [dx, dy] = sideways ? [event.deltaY, 0] : [event.deltaX, event.deltaY];
        move({ ...old, x: old.x - dx * lines, y: old.y - dy * lines });
      }
    },
  };
}
