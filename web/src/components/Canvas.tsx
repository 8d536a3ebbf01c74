import type { CanvasHTMLAttributes } from "preact";
import { useLayoutEffect, useRef, useState } from "preact/hooks";
import { canvasSurface, prepareCanvas } from "../drawing/canvas";
import type { Surface } from "../drawing/surface";
import type { Size } from "../drawing/viewport";
import "./Canvas.css";

type CanvasEvents = Pick<
  CanvasHTMLAttributes<HTMLCanvasElement>,
  | "onPointerDown"
  | "onPointerMove"
  | "onPointerUp"
  | "onPointerCancel"
  | "onPointerLeave"
  | "onClick"
  | "onDblClick"
  | "onKeyDown"
  | "onWheel"
  | "onFocus"
  | "onBlur"
>;

interface CanvasProps extends CanvasEvents {
  /** What the picture shows, for those who can't see it. */
  label: string;
  /** Whether the keyboard reaches it. */
  focusable?: boolean;
  class?: string;
  /** Draws in CSS pixels; called after each change. */
  draw(surface: Surface, size: Size): void;
}

/** A canvas as large as its place, sharp on every screen. Its parent gives it a size. */
export function Canvas({ label, focusable = false, class: name, draw, ...events }: CanvasProps) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const [size, setSize] = useState<Size>({ width: 0, height: 0 });

  useLayoutEffect(() => {
    const element = canvas.current!;
    const observer = new ResizeObserver(() => {
      const { clientWidth: width, clientHeight: height } = element;
      setSize((last) =>
        last.width === width && last.height === height ? last : { width, height },
      );
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  useLayoutEffect(() => {
    if (size.width === 0 || size.height === 0) return;
    draw(canvasSurface(prepareCanvas(canvas.current!, size.width, size.height)), size);
  });

  return (
    <canvas
      ref={canvas}
      class={name ? `canvas ${name}` : "canvas"}
      role={focusable ? "application" : "img"}
      aria-label={label}
      tabIndex={focusable ? 0 : undefined}
      {...events}
    />
  );
}
