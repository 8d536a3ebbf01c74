import { useMemo } from "preact/hooks";
import { Canvas } from "../../components/Canvas";
import { barsDrawing } from "../../drawing/bars-picture";
import { colours } from "../../drawing/colours";
import { fromHex } from "../../drawing/palette";
import { cellAt, fitPlane, type PlaneBox, type PlaneLayout } from "../../drawing/plane";
import { pixelsOf, planeDrawing, type CellColour, type Mark } from "../../drawing/plane-picture";
import type { Drawing } from "../../drawing/surface";

/** A plane of the stage: what is in its cells, and what is marked. */
export interface PlaneContent {
  /** All cells, and those of them that have values. */
  box: PlaneBox;
  inside: PlaneBox;
  colourAt: CellColour;
  valueAt: (row: number, column: number) => number;
  /** Of 1-D planes, which are drawn as bars: from the smallest to the largest value. */
  bars: { minimum: number; maximum: number } | null;
  marks: Mark[];
}

export interface PlanePlaced {
  layout: PlaneLayout;
  drawing: Drawing;
}

/** Bars have a height of their own. */
const BARS_HEIGHT = 160;

/** The drawing of a plane in the room that it has. */
export function usePlane(
  content: PlaneContent,
  { width, height }: { width: number; height: number },
): PlanePlaced {
  const { box, inside, colourAt, valueAt, bars, marks } = content;
  const inks = colours.value;
  const layout = useMemo(
    () => layoutOf(box, { width, height }, bars !== null),
    [box, width, height, bars],
  );
  const pixels = useMemo(
    () => pixelsOf(inside, colourAt, fromHex(inks.sunken)),
    [inside, colourAt, inks],
  );
  const drawing = useMemo(() => {
    const picture = {
      layout,
      inside,
      pixels,
      marks,
      valueAt: (row: number, column: number) => {
        const ground = colourAt(row, column);
        return ground && { value: valueAt(row, column), ground };
      },
    };
    return bars ? barsDrawing(picture, bars, inks) : planeDrawing(picture, inks);
  }, [layout, inside, pixels, marks, colourAt, valueAt, bars, inks]);
  return useMemo(() => ({ layout, drawing }), [layout, drawing]);
}

interface PlaneViewProps {
  label: string;
  plane: PlanePlaced;
  inside: PlaneBox;
  onPick(cell: { row: number; column: number }): void;
  onKeyDown(event: KeyboardEvent): void;
}

/** Shows a plane; it can be clicked, dragged over, and walked over with the keyboard. */
export function PlaneView({ label, plane, inside, onPick, onKeyDown }: PlaneViewProps) {
  const { layout, drawing } = plane;
  const pick = (event: { offsetX: number; offsetY: number }): void => {
    const cell = cellAt(layout, { x: event.offsetX, y: event.offsetY });
    if (cell && isIn(inside, cell)) onPick(cell);
  };
  return (
    <div
      class="convolve-plane"
      style={{ width: `${drawing.width}px`, height: `${drawing.height}px` }}
    >
      <Canvas
        label={label}
        focusable
        draw={(surface) => drawing.draw(surface)}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          pick(event);
        }}
        onPointerMove={(event) => {
          if (event.buttons !== 0) pick(event);
        }}
        onKeyDown={onKeyDown}
      />
    </div>
  );
}

function layoutOf(
  box: PlaneBox,
  room: { width: number; height: number },
  bars: boolean,
): PlaneLayout {
  if (!bars) return fitPlane(box, { ...room, largestCell: 44 });
  const width = Math.min(44, room.width / Math.max(1, box.columns));
  const cell = { width, height: BARS_HEIGHT };
  return { box, cell, width: width * box.columns, height: BARS_HEIGHT };
}

function isIn(box: PlaneBox, cell: { row: number; column: number }): boolean {
  return (
    cell.row >= box.row &&
    cell.column >= box.column &&
    cell.row < box.row + box.rows &&
    cell.column < box.column + box.columns
  );
}
