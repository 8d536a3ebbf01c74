import { useMemo } from "preact/hooks";
import { Canvas } from "../../components/Canvas";
import { colours } from "../../drawing/colours";
import {
  cellUnder,
  layoutGrid,
  numberGridDrawing,
  type NumberGrid,
} from "../../drawing/number-grid";

interface NumberGridViewProps {
  label: string;
  grid: NumberGrid;
  onPoint(cell: number | null): void;
}

/** A small grid of numbers; what is pointed at is told to the others beside it. */
export function NumberGridView({ label, grid, onPoint }: NumberGridViewProps) {
  const inks = colours.value;
  const drawing = useMemo(() => numberGridDrawing(grid, inks), [grid, inks]);
  const point = (event: { offsetX: number; offsetY: number }): void => {
    const layout = layoutGrid(grid.sizes, grid.cell);
    onPoint(cellUnder(layout, { x: event.offsetX, y: event.offsetY }, grid.cell));
  };
  return (
    <div style={{ width: `${drawing.width}px`, height: `${drawing.height}px` }}>
      <Canvas
        label={label}
        draw={(surface) => drawing.draw(surface)}
        onPointerDown={point}
        onPointerMove={point}
        onPointerLeave={() => onPoint(null)}
      />
    </div>
  );
}
