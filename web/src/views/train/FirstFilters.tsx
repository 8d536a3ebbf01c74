import { useMemo, useRef } from "preact/hooks";
import type { Api, Tensor } from "../../api/client";
import type { ModelDescription } from "../../api/types";
import { useResource } from "../../app/resource";
import { dark } from "../../app/theme";
import { Canvas } from "../../components/Canvas";
import { Figure } from "../../components/Figure";
import { layersOf } from "../../components/LayerPicker";
import { colours } from "../../drawing/colours";
import { useText } from "../../i18n/text";
import { drawFilters, filterGrid, filterPictures } from "./filter-pictures";

interface FirstFiltersProps {
  api: Api;
  model: ModelDescription;
  /** Grows whenever the training has moved the weights. */
  version: number;
  name: string;
}

/** The filters of the first convolution as they change, beside those that the training began with. */
export function FirstFilters({ api, model, version, name }: FirstFiltersProps) {
  const { t } = useText();
  const layer = layersOf(model)[0]?.layer ?? null;
  const { data } = useResource(layer && `${model.id} ${layer} ${version}`, (signal) =>
    api.tensor(`/models/${model.id}/kernels`, { layer }, signal),
  );
  const first = useRef<Tensor | null>(null);
  first.current ??= data;
  if (!layer || !data || data.shape.length < 3) return null;
  return (
    <Figure
      title={t("train-filters", { layer })}
      description={t("train-filters-description", { count: data.shape[0]!, layer })}
      name={`${name}-filters`}
      drawing={() => filtersDrawing(data)}
      data={() => ({ layer, version, shape: data.shape, values: data.data })}
    >
      <div class="first-filters">
        {first.current !== data && first.current && (
          <Sheet label={t("train-filters-begin")} kernels={first.current} />
        )}
        <Sheet label={t("train-filters-now")} kernels={data} />
      </div>
    </Figure>
  );
}

function Sheet({ label, kernels }: { label: string; kernels: Tensor }) {
  const isDark = dark.value;
  const pictures = useMemo(() => filterPictures(kernels, isDark), [kernels, isDark]);
  const grid = filterGrid(pictures.length);
  return (
    <div class="filter-sheet">
      <span class="muted small">{label}</span>
      <div style={{ aspectRatio: `${grid.columns} / ${grid.rows}` }}>
        <Canvas
          label={label}
          draw={(surface, size) => drawFilters(surface, pictures, size, colours.value)}
        />
      </div>
    </div>
  );
}

function filtersDrawing(kernels: Tensor) {
  const pictures = filterPictures(kernels, dark.value);
  const { columns, rows } = filterGrid(pictures.length);
  const size = { width: 64 * columns, height: 64 * rows };
  return {
    ...size,
    draw: (surface: Parameters<typeof drawFilters>[0]) =>
      drawFilters(surface, pictures, size, colours.value),
  };
}
