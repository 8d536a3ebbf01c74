import { colourOf, cssColour, type Scale } from "../drawing/palette";
import { formatValue } from "../i18n/format";
import { useText } from "../i18n/text";
import { Canvas } from "./Canvas";
import "./Legend.css";

/** The colour scale with the numbers at its ends, and at zero where it has one. */
export function Legend({ scale }: { scale: Scale }) {
  const { t } = useText();
  const { minimum, maximum, kind } = scale;
  const [low, high] = [formatValue(minimum, 3), formatValue(maximum, 3)];
  return (
    <div class="legend">
      <span class="number">{low}</span>
      <div class="legend-scale">
        <Canvas
          label={t("colour-scale", { minimum: low, maximum: high })}
          draw={(surface, { width, height }) => {
            for (let x = 0; x < width; x++) {
              const value = minimum + (x / (width - 1)) * (maximum - minimum);
              surface.rect(x, 0, 1, height, { fill: cssColour(colourOf(scale, value)) });
            }
          }}
        />
        {kind === "diverging" && <span class="number legend-zero">0</span>}
      </div>
      <span class="number">{high}</span>
    </div>
  );
}
