import { expect, test } from "vitest";
import type { Colours } from "../../drawing/colours";
import { drawingToSvg } from "../../drawing/svg";
import { confusionDrawing, sharesOf } from "./confusion-drawing";

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

test("every row is shared out by its own class", () => {
  expect([
    ...sharesOf([
      [3, 1],
      [0, 0],
    ]),
  ]).toEqual([0.75, 0.25, 0, 0]);
});

test("the picture holds classes and counts", () => {
  const evaluation = {
    classes: ["cat", "dog"],
    confusion: [
      [7, 1],
      [2, 5],
    ],
  };
  const words = { truth: "true", predicted: "taken for" };
  const svg = drawingToSvg(confusionDrawing(evaluation, words, COLOURS), "#fff", "t");
  for (const text of [">cat<", ">dog<", ">7<", ">2<"]) expect(svg).toContain(text);
});
