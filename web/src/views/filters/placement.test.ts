import { expect, test } from "vitest";
import { tileOf } from "./kernels";
import * as placement from "./placement";

const arrangement: placement.Arrangement = {
  filters: 12,
  rows: 3,
  depth: 3,
  firstRow: () => 0,
  tile: tileOf([5, 5]),
  cell: 6,
  width: 400,
};
const order = [...Array(12).keys()].reverse();

test("a point on a kernel leads back to it, in both pictures", () => {
  for (const picture of ["kernels", "block"] as const)
    for (const [place, filter] of order.entries()) {
      const box = placement.kernelBox(arrangement, picture, { place, filter, channel: 0 });
      const point = [box.x + 1, box.y + box.height - 1] as const;
      expect(placement.kernelAt(arrangement, picture, order, point)).toEqual({
        filter,
        channel: 0,
      });
    }
  const far = placement.kernelBox(arrangement, "block", { place: 4, filter: 7, channel: 2 });
  const corner = [far.x + far.width - 1, far.y + 1] as const;
  expect(placement.kernelAt(arrangement, "block", order, corner)).toEqual({
    filter: 7,
    channel: 2,
  });
});

test("a window shows every kernel inside of it", () => {
  const seen = { x: 100, y: 40, width: 120, height: 60 };
  for (const picture of ["kernels", "block"] as const) {
    const [first, end] = placement.placesInSight(arrangement, picture, seen);
    for (const [place, filter] of order.entries())
      for (let channel = 0; channel < 3; channel++) {
        const box = placement.kernelBox(arrangement, picture, { place, filter, channel });
        const inside =
          box.x < 220 && box.x + box.width > 100 && box.y < 100 && box.y + box.height > 40;
        if (inside) expect(place >= first && place < end, `${picture} ${place}`).toBe(true);
      }
  }
  expect(placement.channelsInSight(arrangement, 0, seen)).toEqual([0, 3]);
});

test("everything lies inside of the picture's size", () => {
  for (const picture of ["kernels", "block"] as const) {
    const size = placement.pictureSize(arrangement, picture);
    for (const [place, filter] of order.entries()) {
      const box = placement.kernelBox(arrangement, picture, { place, filter, channel: 2 });
      expect(box.x + box.width).toBeLessThanOrEqual(size.width);
      expect(box.y + box.height).toBeLessThanOrEqual(size.height);
    }
  }
});

test("a grouped filter's kernels lie in the rows of the channels that it sees", () => {
  const grouped = { ...arrangement, rows: 12, firstRow: (filter: number) => (filter < 6 ? 0 : 9) };
  const box = (filter: number) =>
    placement.kernelBox(grouped, "kernels", { place: 0, filter, channel: 0 });
  expect(box(0).y).toBe(placement.HEAD.top);
  expect(box(7).y).toBeGreaterThan(box(0).y + 9 * 30);
});
