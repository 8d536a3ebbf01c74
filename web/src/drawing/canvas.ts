import { smooth } from "./curve";
import { FONTS, type Drawing, type Paint, type Pixels, type Surface, wholeOf } from "./surface";

/** A surface on a canvas; its unit is one CSS pixel. */
export function canvasSurface(
  context: CanvasRenderingContext2D | OffscreenCanvasRenderingContext2D,
): Surface {
  const finish = ({ fill, stroke, width = 1, dash, opacity = 1 }: Paint) => {
    context.globalAlpha = opacity;
    if (fill) {
      context.fillStyle = fill;
      context.fill();
    }
    if (stroke) {
      context.strokeStyle = stroke;
      context.lineWidth = width;
      context.setLineDash(dash ? [...dash] : []);
      context.stroke();
    }
    context.globalAlpha = 1;
  };

  return {
    rect(x, y, width, height, { radius = 0, ...paint }) {
      context.beginPath();
      if (radius > 0) context.roundRect(x, y, width, height, radius);
      else context.rect(x, y, width, height);
      finish(paint);
    },

    path(points, { closed = false, ...paint }) {
      context.beginPath();
      for (const [x, y] of points) context.lineTo(x, y);
      if (closed) context.closePath();
      finish(paint);
    },

    curve(points, paint) {
      context.beginPath();
      smooth(points, {
        move: (x, y) => context.moveTo(x, y),
        line: (x, y) => context.lineTo(x, y),
        bend: (cx, cy, x, y) => context.quadraticCurveTo(cx, cy, x, y),
      });
      finish(paint);
    },

    text(content, x, y, style) {
      const { size, colour, anchor = "start", baseline = "alphabetic", weight = 400 } = style;
      context.font = `${weight} ${size}px ${FONTS[style.family ?? "sans"]}`;
      context.fillStyle = colour;
      context.textAlign = anchor === "middle" ? "center" : anchor;
      context.textBaseline = baseline;
      context.fillText(content, x, y);
    },

    image(pixels, x, y, width, height, part) {
      context.imageSmoothingEnabled = false;
      const { column, row, columns, rows } = part ?? wholeOf(pixels);
      context.drawImage(pixelCanvas(pixels), column, row, columns, rows, x, y, width, height);
    },

    within(x, y, scale, draw) {
      context.save();
      context.translate(x, y);
      context.scale(scale, scale);
      draw();
      context.restore();
    },

    clip(x, y, width, height, draw) {
      context.save();
      context.beginPath();
      context.rect(x, y, width, height);
      context.clip();
      draw();
      context.restore();
    },
  };
}

const canvases = new WeakMap<Pixels, OffscreenCanvas>();

/** The pixels as a canvas that can be drawn scaled; made once for each picture. */
function pixelCanvas(pixels: Pixels): OffscreenCanvas {
  const known = canvases.get(pixels);
  if (known) return known;
  const canvas = new OffscreenCanvas(pixels.columns, pixels.rows);
  const image = new ImageData(pixels.rgba, pixels.columns, pixels.rows);
  canvas.getContext("2d")!.putImageData(image, 0, 0);
  canvases.set(pixels, canvas);
  return canvas;
}

/** Fits the canvas to its size on the page and the screen's pixel ratio, and clears it. */
export function prepareCanvas(
  canvas: HTMLCanvasElement,
  width: number,
  height: number,
): CanvasRenderingContext2D {
  const ratio = globalThis.devicePixelRatio || 1;
  const [columns, rows] = [Math.round(width * ratio), Math.round(height * ratio)];
  if (canvas.width !== columns || canvas.height !== rows) {
    canvas.width = columns;
    canvas.height = rows;
  }
  const context = canvas.getContext("2d")!;
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, width, height);
  return context;
}

/** The longest side of a picture that browsers make without fail. */
const LONGEST = 16_000;

/** A drawing as PNG at twice its size, on a ground of the page's colour. */
export function drawingToPng({ width, height, draw }: Drawing, ground: string): Promise<Blob> {
  const scale = Math.min(2, LONGEST / Math.max(width, height));
  const canvas = new OffscreenCanvas(Math.ceil(width * scale), Math.ceil(height * scale));
  const context = canvas.getContext("2d")!;
  context.scale(scale, scale);
  context.fillStyle = ground;
  context.fillRect(0, 0, width, height);
  draw(canvasSurface(context));
  return canvas.convertToBlob({ type: "image/png" });
}
