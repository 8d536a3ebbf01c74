import type { Item } from "./items";
import type { Layout, Placed } from "./layout";

/** The item that an arrow key leads to: up and down along the edges, left and right to the branch beside. */
export function neighbour(layout: Layout, selected: string | null, key: string): Item | null {
  if (!key.startsWith("Arrow")) return null;
  const from = layout.placed.find(({ item }) => item.id === selected);
  if (!from) return layout.placed[0]?.item ?? null;
  const candidates =
    key === "ArrowLeft" || key === "ArrowRight"
      ? beside(layout, from, key === "ArrowLeft" ? -1 : 1)
      : along(layout, from, key === "ArrowUp" ? "up" : "down");
  const distance = ({ box }: Placed) =>
    Math.hypot(box.x + box.width / 2 - (from.box.x + from.box.width / 2), box.y - from.box.y);
  return candidates.sort((a, b) => distance(a) - distance(b))[0]?.item ?? null;
}

function along(layout: Layout, { item }: Placed, way: "up" | "down"): Placed[] {
  const ids = layout.edges
    .filter((edge) => (way === "up" ? edge.to : edge.from) === item.id)
    .map((edge) => (way === "up" ? edge.from : edge.to));
  return layout.placed.filter((other) => ids.includes(other.item.id));
}

function beside(layout: Layout, { box, item }: Placed, side: -1 | 1): Placed[] {
  return layout.placed.filter((other) => {
    const level = other.box.y < box.y + box.height && box.y < other.box.y + other.box.height;
    return other.item.id !== item.id && level && (other.box.x - box.x) * side > 0;
  });
}
