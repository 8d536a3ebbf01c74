import { useEffect, useRef } from "preact/hooks";
import { useText } from "../i18n/text";
import "./DrawingPad.css";

interface DrawingPadProps {
  /** Height, width and one channel of what is handed on. */
  shape: [number, number, number];
  /** Values from 0 (ground) to 1 (ink). */
  onDone(values: Float32Array<ArrayBuffer>, shape: number[]): void;
  onClose(): void;
}

const SIDE = 280;

/** A board to draw on in white ink on black, as handwritten digits and Fashion-MNIST are. */
export function DrawingPad({ shape, onDone, onClose }: DrawingPadProps) {
  const { t } = useText();
  const board = useRef<HTMLCanvasElement>(null);

  const clear = () => {
    const context = board.current!.getContext("2d")!;
    context.fillStyle = "#000";
    context.fillRect(0, 0, SIDE, SIDE);
  };
  useEffect(clear, []);

  const line = (event: PointerEvent, from: [number, number]) => {
    const context = board.current!.getContext("2d")!;
    context.strokeStyle = "#fff";
    context.lineWidth = SIDE / 14;
    context.lineCap = "round";
    context.beginPath();
    context.moveTo(...from);
    context.lineTo(event.offsetX, event.offsetY);
    context.stroke();
  };

  return (
    <div class="drawing-pad">
      <canvas
        ref={board}
        width={SIDE}
        height={SIDE}
        role="img"
        aria-label={t("input-draw-hint")}
        onPointerDown={(event) => {
          event.currentTarget.setPointerCapture(event.pointerId);
          line(event, [event.offsetX, event.offsetY]);
        }}
        onPointerMove={(event) => {
          if (event.buttons === 0) return;
          line(event, [event.offsetX - event.movementX, event.offsetY - event.movementY]);
        }}
      />
      <div class="drawing-pad-controls">
        <p class="muted">{t("input-draw-hint")}</p>
        <button
          type="button"
          class="button primary"
          onClick={() => onDone(shrink(board.current!, shape), shape)}
        >
          {t("input-draw-use")}
        </button>
        <button type="button" class="button" onClick={clear}>
          {t("input-draw-clear")}
        </button>
        <button type="button" class="button" onClick={onClose}>
          {t("input-close")}
        </button>
      </div>
    </div>
  );
}

/** The board's brightness, averaged over the pixels of each value. */
function shrink(
  board: HTMLCanvasElement,
  [rows, columns]: [number, number, number],
): Float32Array<ArrayBuffer> {
  const small = new OffscreenCanvas(columns, rows);
  const context = small.getContext("2d")!;
  context.imageSmoothingQuality = "high";
  context.drawImage(board, 0, 0, columns, rows);
  const { data } = context.getImageData(0, 0, columns, rows);
  return Float32Array.from({ length: rows * columns }, (_, cell) => data[4 * cell]! / 255);
}
