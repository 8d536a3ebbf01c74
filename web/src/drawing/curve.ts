import type { Point } from "./surface";

interface Pen {
  move(x: number, y: number): void;
  line(x: number, y: number): void;
  bend(cx: number, cy: number, x: number, y: number): void;
}

/** A line through the midpoints between the points, bent around the points themselves. */
export function smooth(points: readonly Point[], pen: Pen): void {
  const [first, ...rest] = points;
  if (!first) return;
  pen.move(...first);
  if (rest.length === 1) pen.line(...rest[0]!);
  for (let i = 0; i < rest.length - 1; i++) {
    const [x, y] = rest[i]!;
    const [nextX, nextY] = rest[i + 1]!;
    const last = i === rest.length - 2;
    pen.bend(x, y, last ? nextX : (x + nextX) / 2, last ? nextY : (y + nextY) / 2);
  }
}
