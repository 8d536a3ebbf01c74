import { Canvas } from "../../components/Canvas";
import type { Pixels } from "../../drawing/surface";

/** A picture as large as its place allows, its pixels kept as squares. */
export function PictureCanvas({ label, pixels }: { label: string; pixels: Pixels }) {
  return (
    <div class="why-picture" style={{ aspectRatio: `${pixels.columns} / ${pixels.rows}` }}>
      <Canvas
        label={label}
        draw={(surface, { width, height }) => surface.image(pixels, 0, 0, width, height)}
      />
    </div>
  );
}
