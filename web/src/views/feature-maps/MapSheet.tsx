import { useState } from "preact/hooks";
import type { Plane } from "../../api/values";
import type { LayerMaps } from "../../api/types";
import { dark } from "../../app/theme";
import { Canvas } from "../../components/Canvas";
import { colours } from "../../drawing/colours";
import type { Drawing } from "../../drawing/surface";
import { useText } from "../../i18n/text";
import { isDead } from "./layer-maps";
import { drawCurve, drawMap, pictureOf, scaleOf } from "./map-picture";
import { heightOf, placeOfTile, tileAt, tileOfKey, type Sheet } from "./sheet";

interface MapSheetProps {
  layer: LayerMaps;
  sheet: Sheet;
  /** The channels on this page, and their values as far as they are here. */
  channels: number[];
  planes: Plane[] | null;
  slice: number;
  /** One scale for the whole layer, or one for each map. */
  common: boolean;
  chosen: number | null;
  onChoose(channel: number): void;
}

/** A page of feature maps on one canvas. */
export function MapSheet(props: MapSheetProps) {
  const { layer, sheet, channels, chosen, onChoose } = props;
  const { t } = useText();
  const [pointed, setPointed] = useState(0);
  const [focused, setFocused] = useState(false);
  const drawing = useSheetDrawing(props, focused ? pointed : null);
  const count = channels.length;
  const first = channels[0] ?? 0;
  const choose = (tile: number | null): void => {
    const channel = tile === null ? undefined : channels[tile];
    if (channel === undefined || tile === null) return;
    setPointed(tile);
    onChoose(channel);
  };
  return (
    <div class="maps-sheet" style={{ width: `${drawing.width}px`, height: `${drawing.height}px` }}>
      <Canvas
        label={t("maps-sheet-label", {
          layer: layer.layer,
          first,
          last: first + count - 1,
          chosen: channels[pointed] ?? first,
        })}
        focusable
        draw={(surface) => drawing.draw(surface)}
        onClick={(event) => choose(tileAt(sheet, { x: event.offsetX, y: event.offsetY }, count))}
        onFocus={() => setFocused(true)}
        onBlur={() => setFocused(false)}
        onKeyDown={(event) => {
          if (event.key === "Enter" || event.key === " ") {
            event.preventDefault();
            choose(pointed);
            return;
          }
          if (event.key === "Escape" && chosen !== null) {
            event.preventDefault();
            onChoose(chosen);
            return;
          }
          const next = tileOfKey(event.key, pointed, { columns: sheet.columns, count });
          if (next === null) return;
          event.preventDefault();
          setPointed(next);
        }}
      />
    </div>
  );
}

function useSheetDrawing(props: MapSheetProps, pointed: number | null): Drawing {
  const { layer, sheet, channels, planes, slice, common, chosen } = props;
  const { t } = useText();
  const inks = colours.value;
  const isDark = dark.value;
  const isLine = layer.shape.length === 2;
  return {
    width: sheet.columns * sheet.pitch.x,
    height: heightOf(sheet, channels.length),
    draw(surface) {
      channels.forEach((channel, index) => {
        const place = { ...placeOfTile(sheet, index), ...sheet.tile };
        const dead = isDead(layer.channels[channel]);
        const plane = planes?.[index];
        if (plane) {
          const picture = pictureOf(plane, slice);
          const scale = scaleOf(plane, common ? layer : null, isDark);
          if (isLine) drawCurve(surface, picture, place, { scale, colours: inks });
          else drawMap(surface, picture, place, scale);
        } else surface.rect(place.x, place.y, place.width, place.height, { fill: inks.sunken });
        if (dead)
          surface.path(
            [
              [place.x, place.y],
              [place.x + place.width, place.y + place.height],
            ],
            { stroke: inks.warning, width: 2 },
          );
        const frame = channel === chosen ? inks.accent : index === pointed ? inks.ink : null;
        if (frame)
          surface.rect(place.x + 1, place.y + 1, place.width - 2, place.height - 2, {
            stroke: frame,
            width: 3,
          });
        surface.text(
          dead ? t("maps-dead-number", { channel }) : String(channel),
          place.x,
          place.y + place.height + 14,
          { size: 12, colour: dead ? inks.warning : inks.muted, weight: dead ? 600 : 400 },
        );
      });
    },
  };
}
