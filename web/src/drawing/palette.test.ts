import { expect, test } from "vitest";
import * as palette from "./palette";

test("zero is neutral and the ends are the named colours", () => {
  const light = palette.divergingScale(2, false);
  expect(palette.hexOf(light, 0)).toBe("#f7f7f7");
  expect(palette.hexOf(light, 2)).toBe("#b2182b");
  expect(palette.hexOf(light, -2)).toBe("#2166ac");
  const dark = palette.divergingScale(2, true);
  expect(palette.hexOf(dark, 0)).toBe("#23272e");
  expect(palette.hexOf(dark, 2)).toBe("#ff7a5c");
  expect(palette.hexOf(dark, -2)).toBe("#5db2ff");
});

test("the scale passes through the named colours in between", () => {
  const light = palette.divergingScale(3, false);
  const colours = [-1, -2, 1, 2].map((value) => palette.colourOf(light, value));
  for (const [i, hex] of ["#d1e5f0", "#67a9cf", "#fddbc7", "#ef8a62"].entries())
    for (const channel of [0, 1, 2] as const)
      expect(Math.abs(colours[i]![channel] - palette.fromHex(hex)[channel])).toBeLessThan(2);
});

test("values outside the scale take the colour of its end", () => {
  const scale = palette.sequentialScale(0, 1);
  expect(palette.hexOf(scale, 7)).toBe("#fde725");
  expect(palette.hexOf(scale, -7)).toBe("#440154");
});

test("strength grows with the distance from zero, on a light and on a dark page", () => {
  for (const dark of [false, true]) {
    const scale = palette.divergingScale(1, dark);
    const zero = palette.hexOf(scale, 0);
    for (const sign of [-1, 1]) {
      const steps = [0.25, 0.5, 0.75, 1].map((value) =>
        palette.contrast(zero, palette.hexOf(scale, sign * value)),
      );
      expect(steps).toEqual([...steps].sort((a, b) => a - b));
    }
  }
});

test("an empty range has a scale all the same", () => {
  expect(palette.hexOf(palette.divergingScale(0, false), 0)).toBe("#f7f7f7");
  expect(palette.hexOf(palette.sequentialScale(3, 3), 3)).toBe("#440154");
});

test("negative values ask for a diverging scale", () => {
  expect(palette.scaleFor(-0.1, 4, false)).toMatchObject({ kind: "diverging", minimum: -4 });
  expect(palette.scaleFor(0, 4, false)).toMatchObject({ kind: "sequential", maximum: 4 });
});

test("numbers on a cell can be read at every strength", () => {
  for (const dark of [false, true])
    for (let value = -1; value <= 1; value += 0.05) {
      const rgb = palette.colourOf(palette.divergingScale(1, dark), value);
      expect(palette.contrast(palette.inkOn(rgb), palette.toHex(rgb))).toBeGreaterThan(4.5);
    }
});
