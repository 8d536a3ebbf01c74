import { useMemo } from "preact/hooks";
import { colours } from "../drawing/colours";
import { paintValues, type Scale } from "../drawing/palette";
import { blankPixels } from "../drawing/surface";
import { Canvas } from "./Canvas";

export interface Cell {
  row: number;
  column: number;
}

interface HeatmapProps {
  label: string;
  /** Row by row. */
  values: ArrayLike<number>;
  rows: number;
  columns: number;
  scale: Scale;
  /** The cell with a frame; arrow keys move it. */
  selected?: Cell | null;
  onSelect?(cell: Cell): void;
  onPoint?(cell: Cell | null): void;
}

/** A matrix of values as coloured cells, as large as its place. With `onSelect` by mouse, touch and keyboard. */
export function HeatmapCanvas(props: HeatmapProps) {
  const { label, values, rows, columns, scale, selected, onSelect, onPoint } = props;
  const pixels = useMemo(() => {
    const picture = blankPixels(columns, rows);
    paintValues(values, scale, picture.rgba);
    return picture;
  }, [values, rows, columns, scale]);

  const cellAt = (event: PointerEvent | MouseEvent): Cell => {
    const canvas = event.currentTarget as HTMLCanvasElement;
    const within = (place: number, size: number, count: number) =>
      Math.min(count - 1, Math.max(0, Math.floor((place / size) * count)));
    return {
      row: within(event.offsetY, canvas.clientHeight, rows),
      column: within(event.offsetX, canvas.clientWidth, columns),
    };
  };

  return (
    <Canvas
      label={label}
      focusable={onSelect !== undefined}
      draw={(surface, { width, height }) => {
        surface.image(pixels, 0, 0, width, height);
        if (!selected) return;
        const [cellWidth, cellHeight] = [width / columns, height / rows];
        surface.rect(
          selected.column * cellWidth + 1,
          selected.row * cellHeight + 1,
          Math.max(2, cellWidth - 2),
          Math.max(2, cellHeight - 2),
          { stroke: colours.value.ink, width: 2 },
        );
      }}
      onClick={(event) => onSelect?.(cellAt(event))}
      onPointerMove={(event) => onPoint?.(cellAt(event))}
      onPointerLeave={() => onPoint?.(null)}
      onKeyDown={(event) => {
        const next = onSelect && moved(selected ?? { row: 0, column: 0 }, event.key, rows, columns);
        if (!next) return;
        event.preventDefault();
        onSelect(next);
      }}
    />
  );
}

/** The cell that an arrow key (or Home, End) leads to; null for another key. */
export function moved(cell: Cell, key: string, rows: number, columns: number): Cell | null {
  const to = (row: number, column: number) => ({
    row: Math.min(rows - 1, Math.max(0, row)),
    column: Math.min(columns - 1, Math.max(0, column)),
  });
  switch (key) {
    case "ArrowUp":
      return to(cell.row - 1, cell.column);
    case "ArrowDown":
      return to(cell.row + 1, cell.column);
    case "ArrowLeft":
      return to(cell.row, cell.column - 1);
    case "ArrowRight":
      return to(cell.row, cell.column + 1);
    case "Home":
      return to(cell.row, 0);
    case "End":
      return to(cell.row, columns - 1);
    default:
      return null;
  }
}
