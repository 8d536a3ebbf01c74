import { useState } from "preact/hooks";
import type { LayerMaps } from "../../api/types";
import type { Plane } from "../../api/values";
import { dark } from "../../app/theme";
import type { ViewProps } from "../../app/view";
import { Canvas } from "../../components/Canvas";
import { Figure } from "../../components/Figure";
import { HeatmapCanvas, type Cell } from "../../components/HeatmapCanvas";
import { Legend } from "../../components/Legend";
import { colours } from "../../drawing/colours";
import { exact } from "../../drawing/numbers";
import type { Drawing } from "../../drawing/surface";
import { formatPercent, formatShape, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { drawCurve, drawMap, pictureOf, scaleOf, type MapPicture } from "./map-picture";

interface MapDetailProps extends Pick<ViewProps, "navigate"> {
  layer: LayerMaps;
  channel: number;
  plane: Plane;
  slice: number;
  common: boolean;
  onClose(): void;
}

/** The longer side of a map that is looked at closely, in pixels. */
const SIDE = 420;

/** One map, large, with its exact values and the way to the filter that made it. */
export function MapDetail(props: MapDetailProps) {
  const { layer, channel, plane, slice, common, navigate, onClose } = props;
  const { t } = useText();
  const [chosen, setChosen] = useState<Cell>({ row: 0, column: 0 });
  const [pointed, setPointed] = useState<Cell | null>(null);
  const picture = pictureOf(plane, slice);
  const scale = scaleOf(plane, common ? layer : null, dark.value);
  const size = sizeOf(picture);
  const cell = pointed ?? chosen;
  const value = picture.values[cell.row * picture.columns + cell.column] ?? NaN;
  const at = positionOf(cell, { rank: plane.size.length, slice });
  const numbers = layer.channels[channel];
  const drawing = (): Drawing => ({
    ...size,
    draw: (surface) => drawMap(surface, picture, { x: 0, y: 0, ...size }, scale),
  });
  return (
    <div class="maps-detail">
      <Figure
        title={t("maps-map-of", { channel, layer: layer.layer })}
        description={t("maps-map-description", { size: formatShape(plane.size) })}
        name={`${layer.layer}-map-${channel}`}
        drawing={drawing}
        data={() => ({ layer: layer.layer, channel, shape: plane.size, values: plane.values })}
        controls={
          <button type="button" class="button quiet" onClick={onClose}>
            {t("maps-close")}
          </button>
        }
      >
        <div class="maps-detail-body">
          <div class="maps-detail-map" style={{ maxWidth: `${size.width}px` }}>
            {picture.rows === 1 && (
              <div class="maps-detail-curve">
                <Canvas
                  label={t("maps-map-description", { size: formatShape(plane.size) })}
                  draw={(surface, room) =>
                    drawCurve(
                      surface,
                      picture,
                      { x: 0, y: 0, ...room },
                      { scale, colours: colours.value },
                    )
                  }
                />
              </div>
            )}
            <div
              class="maps-detail-cells"
              style={{ aspectRatio: `${size.width} / ${size.height}` }}
            >
              <HeatmapCanvas
                label={t("maps-map-label", { channel, size: formatShape(plane.size) })}
                values={picture.values}
                rows={picture.rows}
                columns={picture.columns}
                scale={scale}
                selected={chosen}
                onSelect={setChosen}
                onPoint={setPointed}
              />
            </div>
            <Legend scale={scale} />
          </div>
          <div class="maps-detail-words">
            <p role="status">
              <span class="muted">{t("maps-value-at", { at: at.join(", ") })}</span>{" "}
              <b class="number maps-value">{exact(value)}</b>
            </p>
            {numbers && (
              <p class="small muted number">
                {t("maps-map-numbers", {
                  minimum: formatValue(numbers.minimum),
                  maximum: formatValue(numbers.maximum),
                  mean: formatValue(numbers.mean),
                  zeros: formatPercent(numbers.zeros),
                })}
              </p>
            )}
            {layer.made_by !== null && (
              <div class="row">
                <button
                  type="button"
                  class="button"
                  onClick={() =>
                    navigate({
                      view: "filters",
                      params: { layer: layer.made_by ?? "", filter: String(channel) },
                    })
                  }
                >
                  {t("maps-filter", { channel, layer: layer.made_by })}
                </button>
                <button
                  type="button"
                  class="button"
                  onClick={() =>
                    navigate({
                      view: "convolve",
                      params: {
                        layer: layer.made_by ?? "",
                        filter: String(channel),
                        // Behind a pooling the places are others.
                        at: layer.made_by === layer.layer ? at.join(",") : "",
                      },
                    })
                  }
                >
                  {t("maps-convolve")}
                </button>
              </div>
            )}
          </div>
        </div>
      </Figure>
    </div>
  );
}

function sizeOf({ rows, columns }: MapPicture): { width: number; height: number } {
  if (rows === 1) return { width: 2 * SIDE, height: 72 };
  const scale = SIDE / Math.max(rows, columns);
  return { width: columns * scale, height: rows * scale };
}

function positionOf(cell: Cell, { rank, slice }: { rank: number; slice: number }): number[] {
  return [slice, cell.row, cell.column].slice(3 - rank);
}
