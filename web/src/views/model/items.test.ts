import { expect, test } from "vitest";
import type { Group, ModelDescription, ModelNode } from "../../api/types";
import { formatOpen, itemGraph, lineage, openAtFirst, parseOpen } from "./items";
import { layOut } from "./layout";

/** Two blocks of two layers with a shortcut each, between an input and an output; the second holds a group. */
const model = sample();

function sample(): ModelDescription {
  const nodes = [null, 0, 0, 1, 2, null].map((group, index) => node(index, group));
  const edges = [0, 1, 2, 3, 4].map((from) => ({ from, to: from + 1 }));
  return {
    nodes,
    edges: [...edges, { from: 0, to: 3 }, { from: 2, to: 5 }],
    groups: [group(0, null, [1, 2]), group(1, null, [3]), group(2, 1, [4])],
  } as unknown as ModelDescription;
}

function node(index: number, group: number | null): ModelNode {
  return {
    index,
    layer: `layer_${index}`,
    name: `layer_${index}`,
    type: "Conv2D",
    output_shape: [8, 8, index + 1],
    parameters: 10,
    macs: 100,
    group,
  } as unknown as ModelNode;
}

function group(id: number, parent: number | null, nodes: number[]): Group {
  return { id, name: `block ${id}`, kind: "block", parent, nodes, parameters: 20, macs: 200 };
}

test("folded groups are one item each, inner ones inside of outer ones", () => {
  const { items, edges, frames } = itemGraph(model, new Set());
  expect(items.map(({ id }) => id)).toEqual(["n0", "g0", "g1", "n5"]);
  expect(items[2]!.nodes.map(({ index }) => index)).toEqual([3, 4]);
  expect(items[2]!.output).toEqual([8, 8, 5]);
  expect(edges).toEqual([
    { from: "n0", to: "g0" },
    { from: "g0", to: "g1" },
    { from: "g1", to: "n5" },
    { from: "n0", to: "g1" },
    { from: "g0", to: "n5" },
  ]);
  expect(frames).toEqual([]);
});

test("an open group has a frame, its inner group stays folded", () => {
  const { items, frames } = itemGraph(model, new Set([1]));
  expect(items.map(({ id }) => id)).toEqual(["n0", "g0", "n3", "g2", "n5"]);
  expect(frames).toMatchObject([{ group: { id: 1 }, items: ["n3", "g2"], depth: 0 }]);
});

test("ancestors are named from the inside out", () => {
  expect(lineage(model, 2).map(({ id }) => id)).toEqual([2, 1]);
  expect(lineage(model, null)).toEqual([]);
});

test("a small model is open at first, and what is open has a short address", () => {
  expect(openAtFirst(model)).toEqual(new Set([0, 1, 2]));
  expect(formatOpen(model, new Set([0, 1, 2]))).toBe("all");
  expect(formatOpen(model, new Set([2, 1]))).toBe("1,2");
  expect(parseOpen(model, "1,2,nonsense")).toEqual(new Set([1, 2]));
  expect(parseOpen(model, "none")).toEqual(new Set());
});

test("items lie below those that they read, and frames around their items", () => {
  const graph = itemGraph(model, new Set([0, 1, 2]));
  const { placed, frames, edges } = layOut(graph, () => ({ width: 100, height: 40 }));
  const box = (id: string) => placed.find(({ item }) => item.id === id)!.box;
  for (const { from, to } of graph.edges) expect(box(from).y).toBeLessThan(box(to).y);
  for (const { group, box: frame } of frames)
    for (const id of graph.frames.find((other) => other.group === group)!.items) {
      expect(frame.x).toBeLessThan(box(id).x);
      expect(frame.y).toBeLessThan(box(id).y);
      expect(frame.y + frame.height).toBeGreaterThan(box(id).y + box(id).height);
    }
  expect(edges.every(({ points }) => points.length >= 2)).toBe(true);
});
