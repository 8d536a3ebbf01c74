import { planeOf, wholeOf } from "../../api/values";
import { useResource } from "../../app/resource";
import { dark } from "../../app/theme";
import { HeatmapCanvas } from "../../components/HeatmapCanvas";
import { Problem } from "../../components/Problem";
import { exact } from "../../drawing/numbers";
import { scaleFor } from "../../drawing/palette";
import { useText } from "../../i18n/text";
import { useState } from "preact/hooks";
import type { LayerSectionProps } from "./LayerSection";

/** So many numbers stand in one row. */
const A_ROW = 64;

/** A layer of plain numbers, such as a dense one: a cell each. */
export function Numbers({ api, model, layer, input }: LayerSectionProps) {
  const { t } = useText();
  const [chosen, setChosen] = useState({ row: 0, column: 0 });
  const [pointed, setPointed] = useState<{ row: number; column: number } | null>(null);
  const values = {
    model: model.id,
    version: model.version,
    layer: layer.layer,
    input,
    of: "output",
  } as const;
  const { data, problem } = useResource(Object.values(values).join(" "), () =>
    wholeOf(api, values),
  );
  if (problem) return <Problem problem={problem} />;
  if (!data) return null;
  const count = data.data.length;
  const columns = Math.min(A_ROW, Math.max(1, count));
  const rows = Math.ceil(count / columns);
  const cells = new Float32Array(rows * columns).fill(NaN);
  cells.set(data.data);
  const cell = pointed ?? chosen;
  const index = Math.min(count - 1, cell.row * columns + cell.column);
  return (
    <div class="maps-plain">
      <div style={{ aspectRatio: `${columns} / ${rows}`, maxWidth: `${columns * 20}px` }}>
        <HeatmapCanvas
          label={t("maps-numbers-label", { layer: layer.layer, count })}
          values={cells}
          rows={rows}
          columns={columns}
          scale={scaleFor(layer.minimum, layer.maximum, dark.value)}
          selected={chosen}
          onSelect={setChosen}
          onPoint={setPointed}
        />
      </div>
      <p class="small number" role="status">
        {t("maps-number", { index, value: exact(planeOf(data, index).values[0] ?? NaN) })}
      </p>
    </div>
  );
}
