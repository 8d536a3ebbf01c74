import { expect, test } from "vitest";
import { drawingToSvg } from "./svg";

test("names from outside can't break out of the picture", () => {
  const svg = drawingToSvg(
    {
      width: 10,
      height: 10,
      draw: (surface) => surface.text('<script>"&', 1, 2, { size: 9, colour: "#000000" }),
    },
    "#ffffff",
    "a < b",
  );
  expect(svg).toContain("&lt;script&gt;&quot;&amp;");
  expect(svg).toContain("<title>a &lt; b</title>");
});

test("a picture's cells of one colour are joined along a row", () => {
  const rgba = new Uint8ClampedArray([9, 9, 9, 255, 9, 9, 9, 255, 0, 0, 0, 255, 9, 9, 9, 255]);
  const svg = drawingToSvg(
    {
      width: 4,
      height: 4,
      draw: (surface) => surface.image({ columns: 2, rows: 2, rgba }, 0, 0, 4, 4),
    },
    "#ffffff",
    "",
  );
  expect(svg.match(/fill="#090909"/g)).toHaveLength(2);
  expect(svg).toContain('<rect x="0" y="0" width="4" height="2" fill="#090909"/>');
});
