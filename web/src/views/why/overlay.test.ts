import { expect, it } from "vitest";
import { divergingScale, sequentialScale } from "../../drawing/palette";
import { overlayPixels, picturePixels } from "./overlay";

const picture = { shape: [1, 2, 3], data: Float32Array.of(1, 0, 0, 0, 0, 1) };

it("shows a picture in its colours, and a grey one in grey", () => {
  expect([...picturePixels(picture).rgba]).toEqual([255, 0, 0, 255, 0, 0, 255, 255]);
  const grey = picturePixels({ shape: [1, 1, 1], data: Float32Array.of(1) });
  expect([...grey.rgba]).toEqual([255, 255, 255, 255]);
});

it("leaves the picture as it is where the slider is at its lower end", () => {
  const pixels = picturePixels(picture);
  const scale = divergingScale(1, false);
  const strong = { shape: [1, 2], data: Float32Array.of(1, -1) };
  expect(overlayPixels(pixels, strong, { scale, opacity: 0 }).rgba).toEqual(pixels.rgba);
});

it("turns the picture grey where the map is zero", () => {
  const zero = { shape: [1, 2], data: Float32Array.of(0, 0) };
  const scale = divergingScale(1, false);
  const { rgba } = overlayPixels(picturePixels(picture), zero, { scale, opacity: 1 });
  expect([...rgba.slice(0, 4)]).toEqual([76, 76, 76, 255]);
});

it("covers all where the map is strongest", () => {
  const strong = { shape: [1, 2], data: Float32Array.of(1, 1) };
  const scale = sequentialScale(0, 1);
  const covered = overlayPixels(picturePixels(picture), strong, { scale, opacity: 1 });
  expect([...covered.rgba.slice(0, 3)]).toEqual([...covered.rgba.slice(4, 7)]);
});
