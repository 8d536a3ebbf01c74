import { expect, test } from "vitest";
import type { Item } from "./items";
import type { Layout } from "./layout";
import { neighbour } from "./neighbour";

/** One layer above two branches. */
const layout = {
  placed: [place("a", 100, 0), place("left", 0, 100), place("right", 200, 100)],
  edges: [
    { from: "a", to: "left" },
    { from: "a", to: "right" },
  ],
} as unknown as Layout;

function place(id: string, x: number, y: number) {
  return { item: { id } as Item, box: { x, y, width: 80, height: 40 } };
}

test("arrow keys follow edges and cross between branches", () => {
  expect(neighbour(layout, "a", "ArrowDown")?.id).toBe("left");
  expect(neighbour(layout, "left", "ArrowRight")?.id).toBe("right");
  expect(neighbour(layout, "right", "ArrowUp")?.id).toBe("a");
  expect(neighbour(layout, "a", "ArrowUp")).toBe(null);
});

test("the first arrow key chooses the first layer, other keys nothing", () => {
  expect(neighbour(layout, null, "ArrowDown")?.id).toBe("a");
  expect(neighbour(layout, "a", "Enter")).toBe(null);
});
