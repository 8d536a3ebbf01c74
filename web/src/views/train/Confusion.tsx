import { useMemo, useState } from "preact/hooks";
import { Figure } from "../../components/Figure";
import { Canvas } from "../../components/Canvas";
import { moved, type Cell } from "../../components/HeatmapCanvas";
import { colours } from "../../drawing/colours";
import { formatPercent } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { confusionDrawing, drawMatrix, sharesOf } from "./confusion-drawing";
import type { Evaluation } from "./training";

/** What was taken for what: a row for each true class. By mouse, touch and arrow keys the counts are read off. */
export function Confusion({ evaluation, name }: { evaluation: Evaluation; name: string }) {
  const { t } = useText();
  const { classes, confusion, epoch } = evaluation;
  const [pointed, setPointed] = useState<Cell | null>(null);
  const [selected, setSelected] = useState<Cell>({ row: 0, column: 0 });
  const shares = useMemo(() => sharesOf(confusion), [confusion]);
  const count = classes.length;
  const right = confusion.reduce((sum, row, place) => sum + row[place]!, 0);
  const all = confusion.reduce((sum, row) => row.reduce((total, cell) => total + cell, sum), 0);
  const words = { truth: t("train-truth"), predicted: t("train-predicted") };
  const cellText = ({ row, column }: Cell) =>
    t("train-cell", {
      count: confusion[row]?.[column] ?? 0,
      truth: classes[row] ?? "",
      predicted: classes[column] ?? "",
      share: formatPercent(shares[row * count + column] ?? 0),
    });
  return (
    <Figure
      title={t("train-confusion")}
      description={t("train-confusion-description", {
        epoch,
        right,
        all,
        share: formatPercent(right / Math.max(1, all)),
      })}
      name={`${name}-confusion`}
      drawing={() => confusionDrawing(evaluation, words, colours.value)}
      data={() => ({ classes, confusion })}
    >
      <p class="muted small">
        {t("train-confusion-legend", {
          right,
          all,
          share: formatPercent(right / Math.max(1, all)),
        })}
      </p>
      <div class="confusion">
        <span class="confusion-across muted small">{words.predicted} →</span>
        <ol class="confusion-names" aria-hidden="true">
          {classes.map((one) => (
            <li key={one}>{one}</li>
          ))}
        </ol>
        <div class="confusion-matrix">
          <Canvas
            label={`${t("train-confusion")}. ${cellText(selected)}`}
            focusable
            draw={(surface, { width }) =>
              drawMatrix(surface, { side: width, selected }, evaluation, colours.value)
            }
            onClick={(event) => setSelected(cellUnder(event, count))}
            onPointerMove={(event) => setPointed(cellUnder(event, count))}
            onPointerLeave={() => setPointed(null)}
            onKeyDown={(event) => {
              const next = moved(selected, event.key, count, count);
              if (!next) return;
              event.preventDefault();
              setSelected(next);
            }}
          />
        </div>
      </div>
      <p class="number" role="status">
        {cellText(pointed ?? selected)}
      </p>
    </Figure>
  );
}

function cellUnder(event: PointerEvent | MouseEvent, count: number): Cell {
  const { clientWidth, clientHeight } = event.currentTarget as HTMLCanvasElement;
  const within = (place: number, size: number) =>
    Math.min(count - 1, Math.max(0, Math.floor((place / size) * count)));
  return { row: within(event.offsetY, clientHeight), column: within(event.offsetX, clientWidth) };
}
