import { useMemo } from "preact/hooks";
import type { Plane } from "../../api/values";
import { colourOf, type Scale } from "../../drawing/palette";
import { rangeOf } from "../../drawing/plane";
import type { CellColour, Mark } from "../../drawing/plane-picture";
import {
  boxAround,
  fedBy,
  inputBox,
  paddedInput,
  patch,
  positionAt,
  type Window,
} from "./geometry";
import type { PlaneContent } from "./PlaneView";
import { cellsIn, crosses, planeBoxOf, positionOf, sliceOf } from "./slices";
import type { Walk } from "./walk";

/** Where a person looks. */
export interface Look {
  /** The output position. */
  at: readonly number[];
  /** The input position that was asked about. */
  probe: readonly number[] | null;
  /** The input position under the kernel's chosen cell. */
  under: readonly number[] | null;
}

interface InputSource {
  window: Window;
  plane: Plane;
  scale: Scale;
  /** The picture instead of the channel's values. */
  picture: CellColour | null;
  depth: number;
}

/** The input with its padding, and the window over it. */
export function useInputContent(
  { window, plane, scale, picture, depth }: InputSource,
  { at, probe, under }: Look,
): PlaneContent {
  const boxes = useMemo(
    () => ({ box: planeBoxOf(paddedInput(window)), inside: whole(window.inputSize) }),
    [window],
  );
  const cells = useCells(plane, depth, scale);
  const marks = useMemo(
    () => marksOnInput(window, { at, probe, under }, depth),
    [window, at, depth, probe, under],
  );
  const bars = useMemo(
    () => (window.inputSize.length === 1 ? rangeOf(plane.values) : null),
    [window, plane],
  );
  return { ...boxes, ...cells, colourAt: picture ?? cells.colourAt, marks, bars };
}

interface OutputSource {
  window: Window;
  walk: Walk;
  plane: Plane;
  scale: Scale;
  depth: number;
  /** The last step that is filled in; null for the whole map. */
  filled: number | null;
}

/** The feature map: whole, or as far as it is filled in. */
export function useOutputContent(
  { window, walk, plane, scale, depth, filled }: OutputSource,
  { at, probe }: Look,
): PlaneContent {
  const rank = window.outputSize.length;
  const inside = useMemo(() => whole(window.outputSize), [window]);
  const { colourAt: colourOfAll, valueAt } = useCells(plane, depth, scale);
  const colourAt = useMemo<CellColour>(
    () => (row, column) =>
      filled === null || walk.isFilled(positionOf({ row, column }, { rank, depth }), filled)
        ? colourOfAll(row, column)
        : null,
    [filled, walk, rank, depth, colourOfAll],
  );
  const marks = useMemo<Mark[]>(() => {
    const fed: Mark[] = probe ? [{ as: "fed", boxes: cellsIn(fedBy(window, probe), depth) }] : [];
    return [
      ...fed,
      ...spreadMarks(window, walk, at),
      { as: "window", boxes: cellsIn([at], depth) },
    ];
  }, [window, walk, at, depth, probe]);
  const bars = useMemo(() => (rank === 1 ? rangeOf(plane.values) : null), [rank, plane]);
  return { box: inside, inside, colourAt, valueAt, marks, bars };
}

/** Of a transposed convolution, all outputs over which the input of this step spreads. */
function spreadMarks(window: Window, walk: Walk, at: readonly number[]): Mark[] {
  if (!window.transposed) return [];
  const outputs = boxAround(fedBy(window, positionAt(walk.stepOf(at), window.inputSize)));
  return outputs ? [{ as: "touched", boxes: [planeBoxOf(outputs)] }] : [];
}

function useCells(plane: Plane, depth: number, scale: Scale) {
  return useMemo(() => {
    const values = sliceOf(plane, depth);
    const columns = plane.size.at(-1) ?? 1;
    const valueAt = (row: number, column: number): number => values[row * columns + column] ?? NaN;
    const colourAt: CellColour = (row, column) => colourOf(scale, valueAt(row, column));
    return { valueAt, colourAt };
  }, [plane, depth, scale]);
}

function whole(size: readonly number[]) {
  return planeBoxOf({ start: size.map(() => 0), size: [...size] });
}

function marksOnInput(window: Window, { at, probe, under }: Look, depth: number): Mark[] {
  const marks: Mark[] = [];
  const box = inputBox(window, at);
  if (box && crosses(box, depth)) {
    const gaps = window.transposed || window.dilationRate.some((rate) => rate > 1);
    const touched = patch(window, at).flatMap((cell) =>
      cell.kind === "between" ? [] : [cell.position],
    );
    if (gaps) marks.push({ as: "touched", boxes: cellsIn(touched, depth) });
    marks.push({ as: "window", boxes: [planeBoxOf(box)] });
  }
  if (under) marks.push({ as: "touched", boxes: cellsIn([under], depth) });
  if (probe) marks.push({ as: "chosen", boxes: cellsIn([probe], depth) });
  return marks;
}
