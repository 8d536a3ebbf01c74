import { useMemo, useState } from "preact/hooks";
import type { ConvolutionInfo } from "../../api/types";
import { dark } from "../../app/theme";
import { Canvas } from "../../components/Canvas";
import { moved } from "../../components/HeatmapCanvas";
import { colours } from "../../drawing/colours";
import type { Drawing } from "../../drawing/surface";
import { useWidth } from "../../drawing/width";
import { formatCount } from "../../i18n/format";
import { useText, type Text } from "../../i18n/text";
import { colourOfKernel, relationTo, tiesOf, type Ties } from "./ties";

interface TieMatrixProps {
  convolution: ConvolutionInfo;
  chosen: { channel: number; filter: number };
  onChoose(pair: { channel: number; filter: number }): void;
}

/** So many channels and filters are drawn; more would be too small to tell apart. */
const MOST_ROWS = 32;
const MOST_COLUMNS = 64;

/** Input channels × filters: equal colours are the same weights. */
export function TieMatrix({ convolution, chosen, onChoose }: TieMatrixProps) {
  const { t } = useText();
  const [place, width] = useWidth<HTMLDivElement>();
  const [pointed, setPointed] = useState<{ channel: number; filter: number } | null>(null);
  const ties = useMemo(() => tiesOf(convolution), [convolution]);
  const size = {
    rows: Math.min(MOST_ROWS, ties.rows),
    columns: Math.min(MOST_COLUMNS, ties.columns),
  };
  const cell = Math.max(4, Math.min(28, Math.floor(width / Math.max(1, size.columns))));
  const looked = pointed ?? chosen;
  const drawing = matrixDrawing({ ties, size, cell, chosen: looked, isDark: dark.value });
  const pairAt = (event: { offsetX: number; offsetY: number }) => {
    const channel = Math.floor(event.offsetY / cell);
    const filter = Math.floor(event.offsetX / cell);
    return channel >= 0 && filter >= 0 && channel < size.rows && filter < size.columns
      ? { channel, filter }
      : null;
  };
  return (
    <div class="convolve-ties" ref={place}>
      <div style={{ width: `${drawing.width}px`, height: `${drawing.height}px` }}>
        <Canvas
          label={t("ties-label", {
            channels: ties.rows,
            filters: ties.columns,
            kernels: formatCount(ties.kernels),
          })}
          focusable
          draw={(surface) => drawing.draw(surface)}
          onPointerMove={(event) => setPointed(pairAt(event))}
          onPointerLeave={() => setPointed(null)}
          onClick={(event) => {
            const pair = pairAt(event);
            if (pair) onChoose(pair);
          }}
          onKeyDown={(event) => {
            const cellNow = { row: chosen.channel, column: chosen.filter };
            const next = moved(cellNow, event.key, size.rows, size.columns);
            if (!next) return;
            event.preventDefault();
            event.stopPropagation();
            onChoose({ channel: next.row, filter: next.column });
          }}
        />
      </div>
      <p class="small" aria-live="polite">
        {sentence(t, ties, looked)}
      </p>
      {(ties.rows > size.rows || ties.columns > size.columns) && (
        <p class="small muted">
          {t("ties-part", {
            rows: size.rows,
            channels: ties.rows,
            columns: size.columns,
            filters: ties.columns,
          })}
        </p>
      )}
    </div>
  );
}

interface MatrixPicture {
  ties: Ties;
  size: { rows: number; columns: number };
  cell: number;
  chosen: { channel: number; filter: number };
  isDark: boolean;
}

/** Pairs that use the chosen kernel stand out; a channel that a filter doesn't see is a dot. */
function matrixDrawing({ ties, size, cell, chosen, isDark }: MatrixPicture): Drawing {
  const inks = colours.value;
  const gap = cell >= 8 ? 1 : 0;
  return {
    width: size.columns * cell,
    height: size.rows * cell,
    draw(surface) {
      for (let channel = 0; channel < size.rows; channel += 1) {
        for (let filter = 0; filter < size.columns; filter += 1) {
          const kernel = ties.kernelOf(channel, filter);
          const [x, y] = [filter * cell, channel * cell];
          if (kernel === null) {
            const dot = Math.max(1, cell / 8);
            surface.rect(x + (cell - dot) / 2, y + (cell - dot) / 2, dot, dot, { fill: inks.rule });
            continue;
          }
          const relation = relationTo(ties, chosen, { channel, filter });
          surface.rect(x + gap, y + gap, cell - 2 * gap, cell - 2 * gap, {
            fill: colourOfKernel(ties, kernel, isDark),
            opacity: relation === "apart" ? 0.55 : 1,
            radius: cell >= 12 ? 3 : 0,
          });
          if (relation !== "apart" && cell >= 6)
            surface.rect(x + 1, y + 1, cell - 2, cell - 2, {
              stroke: inks.ink,
              width: relation === "chosen" ? 2.5 : 1.25,
              radius: cell >= 12 ? 3 : 0,
            });
        }
      }
    },
  };
}

/** Who else uses the kernel of the chosen pair. */
function sentence(t: Text, ties: Ties, pair: { channel: number; filter: number }): string {
  const kernel = ties.kernelOf(pair.channel, pair.filter);
  if (kernel === null) return t("ties-unseen", pair);
  if (ties.scaled) return t("ties-scaled", { ...pair, filters: ties.columns });
  let users = 0;
  for (let channel = 0; channel < ties.rows; channel += 1)
    if (ties.kernelOf(channel, pair.filter) === kernel) users += 1;
  return users > 1 ? t("ties-shared", { ...pair, channels: users }) : t("ties-own", pair);
}
