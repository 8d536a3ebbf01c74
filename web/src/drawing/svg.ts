import { smooth } from "./curve";
import {
  FONTS,
  type Drawing,
  type Paint,
  type Part,
  type Pixels,
  type Surface,
  wholeOf,
} from "./surface";

/** A drawing as the text of an SVG file, on a ground of the page's colour. */
export function drawingToSvg(
  { width, height, draw }: Drawing,
  ground: string,
  title: string,
): string {
  const out: string[] = [];
  draw(svgSurface(out));
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${round(width)}" height="${round(height)}" viewBox="0 0 ${round(width)} ${round(height)}" role="img">`,
    `<title>${escape(title)}</title>`,
    `<rect width="100%" height="100%" fill="${ground}"/>`,
    ...out,
    "</svg>\n",
  ].join("\n");
}

function svgSurface(out: string[]): Surface {
  let clips = 0;
  return {
    rect(x, y, width, height, { radius = 0, ...paint }) {
      const corner = radius > 0 ? ` rx="${round(radius)}"` : "";
      out.push(`<rect ${box(x, y, width, height)}${corner}${attributes(paint)}/>`);
    },

    path(points, { closed = false, ...paint }) {
      const list = points.map(([x, y]) => `${round(x)},${round(y)}`).join(" ");
      out.push(`<${closed ? "polygon" : "polyline"} points="${list}"${attributes(paint)}/>`);
    },

    curve(points, paint) {
      let path = "";
      smooth(points, {
        move: (x, y) => (path += `M${round(x)} ${round(y)}`),
        line: (x, y) => (path += `L${round(x)} ${round(y)}`),
        bend: (cx, cy, x, y) => (path += `Q${round(cx)} ${round(cy)} ${round(x)} ${round(y)}`),
      });
      out.push(`<path d="${path}"${attributes(paint)}/>`);
    },

    text(content, x, y, style) {
      const { size, colour, anchor = "start", baseline = "alphabetic", weight = 400 } = style;
      const middle = baseline === "middle" ? ' dominant-baseline="central"' : "";
      const family = escape(FONTS[style.family ?? "sans"]);
      out.push(
        `<text x="${round(x)}" y="${round(y)}" font-size="${round(size)}" font-weight="${weight}" font-family="${family}" fill="${colour}" text-anchor="${anchor}"${middle}>${escape(content)}</text>`,
      );
    },

    // A rectangle a cell keeps the picture exact at any size; neighbours of one colour in a row are joined.
    image(pixels, x, y, width, height, part = wholeOf(pixels)) {
      out.push(`<g shape-rendering="crispEdges">`);
      const [cellWidth, cellHeight] = [width / part.columns, height / part.rows];
      for (const run of runs(pixels, part)) {
        const place = box(
          x + run.column * cellWidth,
          y + run.row * cellHeight,
          run.length * cellWidth,
          cellHeight,
        );
        out.push(`<rect ${place} fill="${run.colour}"/>`);
      }
      out.push("</g>");
    },

    within(x, y, scale, draw) {
      out.push(`<g transform="translate(${round(x)} ${round(y)}) scale(${round(scale)})">`);
      draw();
      out.push("</g>");
    },

    clip(x, y, width, height, draw) {
      const id = `clip-${clips++}`;
      out.push(`<clipPath id="${id}"><rect ${box(x, y, width, height)}/></clipPath>`);
      out.push(`<g clip-path="url(#${id})">`);
      draw();
      out.push("</g>");
    },
  };
}

/** Neighbours of one colour in the rows of a part, by their place in the part; what is transparent is left out. */
function* runs({ columns: stride, rgba }: Pixels, part: Part) {
  const cellAt = (row: number, column: number) =>
    4 * ((part.row + row) * stride + part.column + column);
  const colourAt = (row: number, column: number) =>
    `#${[0, 1, 2].map((i) => rgba[cellAt(row, column) + i]!.toString(16).padStart(2, "0")).join("")}`;
  for (let row = 0; row < part.rows; row++) {
    for (let column = 0; column < part.columns;) {
      const colour = colourAt(row, column);
      let length = 1;
      while (column + length < part.columns && colourAt(row, column + length) === colour) length++;
      if (rgba[cellAt(row, column) + 3] !== 0) yield { row, column, length, colour };
      column += length;
    }
  }
}

function box(x: number, y: number, width: number, height: number): string {
  return `x="${round(x)}" y="${round(y)}" width="${round(width)}" height="${round(height)}"`;
}

function attributes({ fill = "none", stroke, width = 1, dash, opacity }: Paint): string {
  let text = ` fill="${fill}"`;
  if (stroke) text += ` stroke="${stroke}" stroke-width="${round(width)}"`;
  if (dash) text += ` stroke-dasharray="${dash.map(round).join(" ")}"`;
  if (opacity !== undefined && opacity !== 1) text += ` opacity="${round(opacity)}"`;
  return text;
}

/** Three digits after the point are finer than any screen or printer. */
function round(value: number): string {
  return String(Math.round(value * 1000) / 1000);
}

function escape(text: string): string {
  return text
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;");
}
