import { expect, test } from "vitest";
import type { Colours } from "./colours";
import { lineChart, rangeOf, ticksOf } from "./line-chart";
import { drawingToSvg } from "./svg";

const COLOURS: Colours = {
  surface: "#ffffff",
  raised: "#ffffff",
  sunken: "#eeeeee",
  rule: "#cccccc",
  ink: "#000000",
  muted: "#555555",
  accent: "#006677",
  accentSoft: "#ddeeff",
  warning: "#994400",
};

const CURVE = {
  name: "loss",
  colour: "#123456",
  points: [
    [0, 2],
    [1, 1],
  ] as const,
};

test("ticks are round numbers within the range", () => {
  expect(ticksOf([0, 1])).toEqual([0, 0.2, 0.4, 0.6, 0.8, 1]);
  expect(ticksOf([0.13, 2.4])).toEqual([0.5, 1, 1.5, 2]);
  expect(ticksOf([3, 3])).toEqual([3]);
});

test("the range holds all curves with room, and losses don't go below zero", () => {
  expect(rangeOf([CURVE])).toEqual({ x: [0, 1], y: [0.94, 2.06] });
  expect(rangeOf([{ ...CURVE, points: [[2, 0]] }])).toEqual({ x: [2, 3], y: [0, 1] });
  expect(rangeOf([])).toBeNull();
});

test("an exported chart names its curves and axes", () => {
  const svg = drawingToSvg(lineChart([CURVE], { x: "epoch", y: "loss" }, COLOURS), "#fff", "t");
  expect(svg).toContain(">epoch<");
  expect(svg).toContain('stroke="#123456"');
});
