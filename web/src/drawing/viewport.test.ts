import { expect, test } from "vitest";
import { fit, keepInSight, overlaps, visibleBox, zoomAt } from "./viewport";

const limits = { minimum: 0.1, maximum: 4 };

test("the point under the pointer stays while zooming", () => {
  const before = { x: 30, y: -20, scale: 0.5 };
  const after = zoomAt(before, 3, [100, 80], limits);
  const plane = (view: typeof before) => [(100 - view.x) / view.scale, (80 - view.y) / view.scale];
  expect(plane(after)).toEqual(plane(before));
  expect(zoomAt(before, 100, [0, 0], limits).scale).toBe(4);
});

test("a box that is fitted is seen whole and in the middle", () => {
  const box = { x: -50, y: 10, width: 1000, height: 200 };
  const window = { width: 500, height: 400 };
  const view = fit(box, window);
  const seen = visibleBox(view, window);
  expect(seen.x).toBeLessThan(box.x);
  expect(seen.x + seen.width).toBeGreaterThan(box.x + box.width);
  expect(seen.x + seen.width / 2).toBeCloseTo(box.x + box.width / 2);
  expect(overlaps(seen, box)).toBe(true);
});

test("the box can't be moved out of sight", () => {
  const box = { x: 0, y: 0, width: 100, height: 100 };
  const window = { width: 400, height: 300 };
  const lost = keepInSight({ x: 9999, y: -9999, scale: 1 }, box, window);
  expect(overlaps(visibleBox(lost, window), box)).toBe(true);
});
