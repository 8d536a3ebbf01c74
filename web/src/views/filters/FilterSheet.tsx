import { useMemo, useState } from "preact/hooks";
import type { Tensor } from "../../api/client";
import type { FilterMatrix } from "../../api/types";
import { dark } from "../../app/theme";
import type { Route } from "../../app/view";
import { Figure } from "../../components/Figure";
import { Legend } from "../../components/Legend";
import { Segmented } from "../../components/Segmented";
import { Slider } from "../../components/Slider";
import { colours } from "../../drawing/colours";
import { divergingScale } from "../../drawing/palette";
import type { Drawing } from "../../drawing/surface";
import { formatCount, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { FilterCanvas, type Pointed } from "./FilterCanvas";
import { FilterDetails } from "./FilterDetails";
import { Marks } from "./Marks";
import { atlasOf, colourPictures, kernelOf, tileOf, weightsPerKernel } from "./kernels";
import { drawSheet, type Sheet } from "./paint";
import { pictureSize, type Arrangement, type Picture } from "./placement";

interface FilterSheetProps {
  /** The stem of saved files. */
  name: string;
  matrix: FilterMatrix;
  kernels: Tensor;
  params: Record<string, string>;
  navigate(change: Partial<Route>, how?: "push" | "replace"): void;
}

const ORDERS = ["index", "norm", "similarity", "sparsity"] as const;
type Order = (typeof ORDERS)[number];

/** A layer's kernels with their controls, and the filter that is looked at. */
export function FilterSheet({ name, matrix, kernels, params, navigate }: FilterSheetProps) {
  const { t } = useText();
  const [width, setWidth] = useState(900);
  const [pointed, setPointed] = useState<Pointed | null>(null);
  const picture = pictureOf(params.picture, matrix);
  const sort = ORDERS.find((order) => order === params.sort) ?? "index";
  const order = useMemo(() => orderOf(matrix, sort), [matrix, sort]);
  const scale = divergingScale(matrix.largest_absolute, dark.value);
  const isDark = dark.value;
  const atlas = useMemo(
    () => atlasOf(kernels, matrix, divergingScale(matrix.largest_absolute, isDark)),
    [kernels, matrix, isDark],
  );
  const pictures = useMemo(
    () => (matrix.rgb ? colourPictures(kernels, matrix) : null),
    [kernels, matrix],
  );
  const zoom = Number(params.zoom);
  const cellOf = (one: Picture) => clampZoom(zoom || firstZoom(matrix, one, width));
  const cell = cellOf(picture);
  const arrange = (one: Picture) =>
    arrangementOf(matrix, { all: params.rows === "all", cell: cellOf(one), width, picture: one });
  const chosen = {
    filter: within(Number(params.filter), matrix.filters) ?? order[0]!,
    channel: within(Number(params.channel), matrix.channels_per_filter) ?? 0,
  };
  const sheet: Sheet = {
    matrix,
    kernels,
    arrangement: arrange(picture),
    arrangements: { kernels: arrange("kernels"), block: arrange("block") },
    atlas,
    colourPictures: pictures,
    scale,
    order,
    chosen,
    colours: colours.value,
  };
  const set = (change: Record<string, string>) => navigate({ params: change }, "replace");
  const summary = t("filters-summary", {
    layer: matrix.layer,
    filters: matrix.filters,
    channels: matrix.channels_per_filter,
    kernels: formatCount(matrix.filters * matrix.channels_per_filter),
    size: matrix.kernel_size.join("×"),
    weights: formatCount(kernels.data.length),
  });

  return (
    <div class="kernel-sheet">
      <Figure
        title={matrix.layer}
        description={summary}
        name={`${name}-filters`}
        drawing={() => drawingOf(sheet, picture, width)}
        data={() => ({ ...matrix, shape: kernels.shape, kernels: kernels.data })}
        controls={<Legend scale={scale} />}
      >
        <p class="number">{summary}</p>
        <div class="row">
          <Segmented<Picture>
            label={t("picture")}
            value={picture}
            options={[
              { value: "kernels", text: t("picture-kernels") },
              { value: "block", text: t("picture-block") },
              ...(matrix.rgb ? [{ value: "colour" as const, text: t("picture-colour") }] : []),
            ]}
            onChange={(value) => set({ picture: value })}
          />
          <Segmented<Order>
            label={t("order")}
            value={sort}
            options={[
              { value: "index", text: t("order-index") },
              { value: "norm", text: t("order-norm") },
              { value: "similarity", text: t("order-similarity") },
              { value: "sparsity", text: t("order-sparsity") },
            ]}
            onChange={(value) => set({ sort: value })}
          />
          {matrix.groups > 1 && picture === "kernels" && (
            <Segmented
              label={t("rows")}
              value={params.rows === "all" ? "all" : "seen"}
              options={[
                { value: "seen", text: t("rows-seen") },
                { value: "all", text: t("rows-all") },
              ]}
              onChange={(rows) => set({ rows })}
            />
          )}
          <Slider
            label={t("zoom")}
            minimum={1}
            maximum={48}
            value={Math.round(cell)}
            shown={`${Math.round(cell)} px`}
            onChange={(value) => set({ zoom: String(value) })}
          />
        </div>
        <p class="muted small">
          {t(
            picture === "kernels"
              ? "says-kernels"
              : picture === "block"
                ? "says-block"
                : "says-colour",
          )}
        </p>
        <FilterCanvas
          label={`${summary} ${t("filters-keys")}`}
          sheet={sheet}
          picture={picture}
          onResize={setWidth}
          onPoint={setPointed}
          onZoom={(factor) => set({ zoom: clampZoom(cell * factor).toFixed(1) })}
          onChoose={({ filter, channel }) =>
            set({ filter: String(filter), channel: String(channel) })
          }
        />
        <Readout matrix={matrix} kernels={kernels} pointed={pointed} />
        <Marks matrix={matrix} onChoose={(filter) => set({ filter: String(filter) })} />
      </Figure>
      <FilterDetails
        matrix={matrix}
        kernels={kernels}
        scale={scale}
        chosen={chosen}
        onChannel={(channel) => set({ filter: String(chosen.filter), channel: String(channel) })}
        onConvolve={() =>
          navigate({
            view: "convolve",
            params: { layer: matrix.layer, filter: String(chosen.filter) },
          })
        }
      />
    </div>
  );
}

/** The weight under the pointer. */
function Readout({
  matrix,
  kernels,
  pointed,
}: {
  matrix: FilterMatrix;
  kernels: Tensor;
  pointed: Pointed | null;
}) {
  const { t } = useText();
  if (!pointed || pointed.weight >= weightsPerKernel(matrix))
    return <p class="readout muted small">{t("readout-hint")}</p>;
  const { filter, channel, weight } = pointed;
  const place: number[] = [];
  let rest = weight;
  for (const size of [...matrix.kernel_size].reverse()) {
    place.unshift(rest % size);
    rest = Math.floor(rest / size);
  }
  return (
    <p class="readout number small">
      {t("readout", {
        filter,
        channel: (matrix.first_channel[filter] ?? 0) + channel,
        place: place.join(", "),
      })}{" "}
      <b>{formatValue(kernelOf(kernels, matrix, filter, channel)[weight]!, 6)}</b>
    </p>
  );
}

const LONG_ROW = 24;

function pictureOf(wanted: string | undefined, matrix: FilterMatrix): Picture {
  if (wanted === "block" || wanted === "kernels") return wanted;
  if (wanted === "colour" && matrix.rgb) return "colour";
  // A long row of single kernels is better seen as rows of them.
  return matrix.channels_per_filter === 1 && matrix.filters > LONG_ROW ? "block" : "kernels";
}

function orderOf(matrix: FilterMatrix, sort: Order): readonly number[] {
  return sort === "index" ? matrix.statistics.map(({ filter }) => filter) : matrix.orders[sort];
}

function within(value: number, count: number): number | null {
  return Number.isInteger(value) && value >= 0 && value < count ? value : null;
}

function clampZoom(cell: number): number {
  return Math.min(48, Math.max(1, cell));
}

/** Kernels that can be made out; all filters beside each other if there is room. */
function firstZoom(matrix: FilterMatrix, picture: Picture, width: number): number {
  const { columns, kind } = tileOf(matrix.kernel_size);
  const side = matrix.kernel_size.at(-1) ?? 1;
  const [least, most] =
    kind === "slices" ? [24 / side, 40 / side] : [side > 1 ? 18 / side : 10, 60 / side];
  if (picture !== "kernels") {
    // As many rows of blocks as columns, more or less.
    const room = width / (2.4 * Math.sqrt(Math.min(matrix.filters, 48)));
    return Math.max(least * 1.6, Math.min(80, room) / columns);
  }
  const room = (width - 60) / matrix.filters - 5;
  return Math.min(most, Math.max(least, room / columns));
}

function arrangementOf(
  matrix: FilterMatrix,
  { all, cell, width, picture }: { all: boolean; cell: number; width: number; picture: Picture },
): Arrangement {
  const spread = all && matrix.groups > 1;
  return {
    filters: matrix.filters,
    rows: spread ? matrix.in_channels : matrix.channels_per_filter,
    depth: picture === "colour" ? 1 : matrix.channels_per_filter,
    firstRow: (filter) => (spread ? (matrix.first_channel[filter] ?? 0) : 0),
    tile: tileOf(matrix.kernel_size),
    cell,
    width,
  };
}

/** More weights than this make too large a file: it then holds the beginning. */
const LARGEST = { width: 4000, height: 3000 };

function drawingOf(sheet: Sheet, picture: Picture, width: number): Drawing {
  const whole = pictureSize(sheet.arrangement, picture);
  const size = {
    width: Math.min(LARGEST.width, Math.max(width, whole.width)),
    height: Math.min(LARGEST.height, whole.height),
  };
  return {
    ...size,
    draw: (surface) => drawSheet(surface, sheet, picture, size, { x: 0, y: 0 }),
  };
}
