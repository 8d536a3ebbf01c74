import type { Group, ModelDescription, ModelNode, Shape } from "../../api/types";

/** What the graph shows as one thing: a layer, or a folded group of layers. */
export interface Item {
  id: string;
  name: string;
  /** The layer; null for a folded group. */
  node: ModelNode | null;
  group: Group | null;
  /** All layers that it stands for. */
  nodes: ModelNode[];
  output: Shape | null;
  parameters: number;
  macs: number | null;
}

export interface ItemGraph {
  items: Item[];
  /** By the items' ids. */
  edges: { from: string; to: string }[];
  /** Open groups with the items inside, outer ones first. */
  frames: { group: Group; items: string[]; depth: number }[];
}

/** More things than this are too many for a first look. */
const FIRST_LOOK = 42;

/** A group's ancestors, the innermost first, itself included. */
export function lineage(model: ModelDescription, group: number | null): Group[] {
  const line: Group[] = [];
  for (let id = group; id !== null;) {
    const found = model.groups.find((other) => other.id === id);
    if (!found || line.includes(found)) break;
    line.push(found);
    id = found.parent;
  }
  return line;
}

/** The graph with only some groups open; layers in a group that is not open are part of its one item. */
export function itemGraph(model: ModelDescription, open: ReadonlySet<number>): ItemGraph {
  const items = new Map<string, Item>();
  const itemOf = new Map<number, string>();
  const frames = new Map<number, ItemGraph["frames"][number]>();
  for (const node of model.nodes) {
    const line = lineage(model, node.group);
    const folded = line.findLast((group) => !open.has(group.id)) ?? null;
    const id = folded ? groupItem(folded.id) : nodeItem(node.index);
    itemOf.set(node.index, id);
    const item = items.get(id);
    if (item) item.nodes.push(node);
    else items.set(id, folded ? itemOfGroup(folded, id, node) : itemOfNode(node, id));
    const around = folded ? line.slice(line.indexOf(folded) + 1) : line;
    for (const [place, group] of around.entries()) {
      const depth = around.length - 1 - place;
      const frame = frames.get(group.id) ?? { group, items: [], depth };
      if (!frame.items.includes(id)) frame.items.push(id);
      frames.set(group.id, frame);
    }
  }
  for (const item of items.values()) if (item.group) item.output = lastOutput(model, item);
  return {
    items: [...items.values()],
    edges: liftedEdges(model, itemOf),
    frames: [...frames.values()].sort((a, b) => a.depth - b.depth),
  };
}

export const nodeItem = (index: number) => `n${index}`;
export const groupItem = (group: number) => `g${group}`;

function itemOfNode(node: ModelNode, id: string): Item {
  const { name, parameters, macs, output_shape: output } = node;
  return { id, name, node, group: null, nodes: [node], output, parameters, macs };
}

function itemOfGroup(group: Group, id: string, first: ModelNode): Item {
  const { name, parameters, macs } = group;
  return { id, name, node: null, group, nodes: [first], output: null, parameters, macs };
}

/** What leaves a group: the output of a layer that others outside read, or of the last. */
function lastOutput(model: ModelDescription, item: Item): Shape | null {
  const inside = new Set(item.nodes.map((node) => node.index));
  const leaving = model.edges.findLast(({ from, to }) => inside.has(from) && !inside.has(to));
  const last = leaving ? model.nodes[leaving.from] : item.nodes.at(-1);
  return last?.output_shape ?? null;
}

function liftedEdges(model: ModelDescription, itemOf: Map<number, string>): ItemGraph["edges"] {
  const edges = new Map<string, { from: string; to: string }>();
  for (const edge of model.edges) {
    const [from, to] = [itemOf.get(edge.from), itemOf.get(edge.to)];
    if (from !== undefined && to !== undefined && from !== to)
      edges.set(`${from} ${to}`, { from, to });
  }
  return [...edges.values()];
}

/** The groups that are open at first: from the outside in, while the picture stays small enough to take in. */
export function openAtFirst(model: ModelDescription): Set<number> {
  const open = new Set<number>();
  const depth = (group: Group) => lineage(model, group.id).length;
  const order = [...model.groups].sort((a, b) => depth(a) - depth(b) || a.id - b.id);
  // Opening some of many equal blocks would say that they differ: each level opens whole or not at all.
  for (let level = 1; order.some((group) => depth(group) === level); level++) {
    const wider = new Set(open);
    for (const group of order) if (depth(group) === level) wider.add(group.id);
    if (itemGraph(model, wider).items.length > FIRST_LOOK) break;
    for (const id of wider) open.add(id);
  }
  return open;
}

/** `open=all`, `open=none`, `open=1,4`; null leaves it to `openAtFirst`. */
export function parseOpen(model: ModelDescription, text: string | undefined): Set<number> {
  if (text === undefined) return openAtFirst(model);
  if (text === "all") return new Set(model.groups.map((group) => group.id));
  return new Set(
    text
      .split(",")
      .filter((id) => /^\d+$/.test(id))
      .map(Number),
  );
}

export function formatOpen(model: ModelDescription, open: ReadonlySet<number>): string {
  if (open.size === 0) return "none";
  if (model.groups.every((group) => open.has(group.id))) return "all";
  return [...open].sort((a, b) => a - b).join(",");
}
