import { useEffect, useRef, useState } from "preact/hooks";
import { colours } from "../../drawing/colours";
import { Canvas } from "../../components/Canvas";
import { rectangleOf, type PlaneBox, type PlaneLayout } from "../../drawing/plane";

interface ConnectorProps {
  layout: PlaneLayout;
  /** The window on the input; null where the slice that is shown holds none of it. */
  window: PlaneBox | null;
  /** Changes when the rows may have moved. */
  moved: unknown;
}

/** A beam from the window on the input to the patch of the channel that is shown: the one is the other, enlarged. */
export function Connector({ layout, window, moved }: ConnectorProps) {
  const place = useRef<HTMLDivElement>(null);
  const [, setFrame] = useState(0);
  // The rows find their places only after they know their width.
  useEffect(() => {
    const frame = requestAnimationFrame(() => setFrame((count) => count + 1));
    return () => cancelAnimationFrame(frame);
  }, [moved]);
  return (
    <div class="convolve-connector" ref={place} aria-hidden="true">
      <Canvas
        label=""
        draw={(surface) => {
          const stage = place.current?.parentElement;
          const plane = stage?.querySelector(".convolve-plane");
          const patch = stage?.querySelector('[data-shown="true"] .convolve-product > div');
          if (!stage || !plane || !patch || !window) return;
          const origin = stage.getBoundingClientRect();
          const from = plane.getBoundingClientRect();
          const to = patch.getBoundingClientRect();
          const box = rectangleOf(layout, window);
          const x = from.left - origin.left + box.x + box.width;
          const y = from.top - origin.top + box.y;
          const target = { x: to.left - origin.left, y: to.top - origin.top };
          const inks = colours.value;
          const beam = [
            [x, y],
            [target.x, target.y + 4],
            [target.x, target.y + to.height - 4],
            [x, y + box.height],
          ] as const;
          surface.path(beam, { fill: inks.accent, opacity: 0.1, closed: true });
          for (const [start, end] of [
            [beam[0], beam[1]],
            [beam[3], beam[2]],
          ] as const)
            surface.path([start, end], { stroke: inks.accent, width: 1.25, opacity: 0.7 });
        }}
      />
    </div>
  );
}
