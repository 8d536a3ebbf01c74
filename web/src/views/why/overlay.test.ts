import { expect, it } from "vitest";
import { divergingScale, sequentialScale } from "../../drawing/palette";
import { overlayPixels, picturePixels } from "./overlay";

const picture = { shape: [1, 2, 3], data: Float32Array.of(1, 0, 0, 0, 0, 1) };

it("shows a picture in its colours, and a grey one in grey", () => {
  expect([...picturePixels(picture).rgba]).toEqual([255, 0, 0, 255, 0, 0, 255, 255]);
  const grey = picturePixels({ shape: [1, 1, 1], data: Float32Array.of(1) });
  expect([...grey.rgba]).toEqual([255, 255, 255, 255]);
});

it("covers nothing where the map is zero or the slider is at its lower end", () => {
  const pixels = picturePixels(picture);
  const zero = { shape: [1, 2], data: Float32Array.of(0, 0) };
  const scale = divergingScale(1, false);
  expect(overlayPixels(pixels, zero, { scale, opacity: 1 }).rgba).toEqual(pixels.rgba);
  const strong = { shape: [1, 2], data: Float32Array.of(1, -1) };
  expect(overlayPixels(pixels, strong, { scale, opacity: 0 }).rgba).toEqual(pixels.rgba);
});

it("covers all where the map is strongest", () => {
  const strong = { shape: [1, 2], data: Float32Array.of(1, 1) };
  const scale = sequentialScale(0, 1);
  const covered = overlayPixels(picturePixels(picture), strong, { scale, opacity: 1 });
  expect([...covered.rgba.slice(0, 3)]).toEqual([...covered.rgba.slice(4, 7)]);
});
