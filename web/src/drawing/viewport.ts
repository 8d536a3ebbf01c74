/** Which part of a plane is seen: a point of the plane lies at `point · scale + offset` on the screen. */
export interface Viewport {
  x: number;
  y: number;
  scale: number;
}

export interface Size {
  width: number;
  height: number;
}

export interface Box extends Size {
  x: number;
  y: number;
}

/** The viewport after zooming by a factor, with the point under the pointer staying where it is. */
export function zoomAt(
  view: Viewport,
  factor: number,
  [px, py]: readonly [number, number],
  limits: { minimum: number; maximum: number },
): Viewport {
  const scale = Math.min(limits.maximum, Math.max(limits.minimum, view.scale * factor));
  const ratio = scale / view.scale;
  return { scale, x: px - (px - view.x) * ratio, y: py - (py - view.y) * ratio };
}

/** The viewport that shows the whole box in the middle of a window, no larger than life. */
export function fit(box: Box, window: Size, margin = 24): Viewport {
  const scale = Math.min(
    1,
    (window.width - 2 * margin) / Math.max(1, box.width),
    (window.height - 2 * margin) / Math.max(1, box.height),
  );
  return {
    scale: Math.max(scale, 0.01),
    x: (window.width - box.width * scale) / 2 - box.x * scale,
    y: (window.height - box.height * scale) / 2 - box.y * scale,
  };
}

/** Keeps some of the box in sight: it can't be lost beyond an edge. */
export function keepInSight(view: Viewport, box: Box, window: Size, least = 80): Viewport {
  const clamp = (offset: number, start: number, size: number, space: number) => {
    const lowest = least - (start + size) * view.scale;
    const highest = space - least - start * view.scale;
    return Math.min(Math.max(offset, Math.min(lowest, highest)), Math.max(lowest, highest));
  };
  return {
    scale: view.scale,
    x: clamp(view.x, box.x, box.width, window.width),
    y: clamp(view.y, box.y, box.height, window.height),
  };
}

/** The part of the plane that a window shows. */
export function visibleBox(view: Viewport, window: Size): Box {
  return {
    x: -view.x / view.scale,
    y: -view.y / view.scale,
    width: window.width / view.scale,
    height: window.height / view.scale,
  };
}

export function overlaps(a: Box, b: Box): boolean {
  return a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height;
}
