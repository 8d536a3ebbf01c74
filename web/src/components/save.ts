import { drawingToPng } from "../drawing/canvas";
import { drawingToSvg } from "../drawing/svg";
import type { Drawing } from "../drawing/surface";

export function saveSvg(name: string, drawing: Drawing, ground: string, title: string): void {
  const svg = drawingToSvg(drawing, ground, title);
  saveFile(`${name}.svg`, new Blob([svg], { type: "image/svg+xml" }));
}

export async function savePng(name: string, drawing: Drawing, ground: string): Promise<void> {
  saveFile(`${name}.png`, await drawingToPng(drawing, ground));
}

/** Typed arrays are written as lists of numbers. */
export function saveJson(name: string, data: unknown): void {
  const plain = (_: string, value: unknown) =>
    value instanceof Float32Array ? Array.from(value) : value;
  const text = JSON.stringify(data, plain, 2) + "\n";
  saveFile(`${name}.json`, new Blob([text], { type: "application/json" }));
}

/** Names of layers may hold slashes; file names may not. */
function saveFile(name: string, content: Blob): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = name.replaceAll(/[^\p{L}\p{N}._-]+/gu, "-");
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}
