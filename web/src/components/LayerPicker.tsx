import { useId } from "preact/hooks";
import type { ModelDescription, ModelNode } from "../api/types";
import { formatShape } from "../i18n/format";
import { useText } from "../i18n/text";
import "./LayerPicker.css";

interface LayerPickerProps {
  model: ModelDescription;
  value: string;
  /** Which layers can be chosen; convolutions by default. */
  accept?: (node: ModelNode) => boolean;
  onChange(layer: string): void;
}

/** Chooses a layer: a list, and buttons to the one before and after. */
export function LayerPicker({ model, value, accept = isConvolution, onChange }: LayerPickerProps) {
  const { t } = useText();
  const id = useId();
  const layers = layersOf(model, accept);
  const place = layers.findIndex(({ layer }) => layer === value);
  const step = (by: number) => {
    const next = layers[place + by];
    if (next) onChange(next.layer);
  };
  return (
    <div class="layer-picker">
      <label for={id}>{t("layer")}</label>
      <button
        type="button"
        class="button"
        aria-label={t("previous-layer")}
        disabled={place <= 0}
        onClick={() => step(-1)}
      >
        ←
      </button>
      <select
        id={id}
        class="field"
        aria-label={t("layer")}
        value={value}
        onChange={(event) => onChange(event.currentTarget.value)}
      >
        {layers.map((node) => (
          <option key={node.layer} value={node.layer}>
            {`${node.layer} · ${node.type} · ${formatShape(node.output_shape)}`}
          </option>
        ))}
      </select>
      <button
        type="button"
        class="button"
        aria-label={t("next-layer")}
        disabled={place < 0 || place >= layers.length - 1}
        onClick={() => step(1)}
      >
        →
      </button>
    </div>
  );
}

export function isConvolution(node: ModelNode): boolean {
  return node.convolution !== null;
}

/** Layers in the order of the model; one that is called twice is there once. */
export function layersOf(
  model: ModelDescription,
  accept: (node: ModelNode) => boolean = isConvolution,
): ModelNode[] {
  const seen = new Set<string>();
  return model.nodes.filter((node) => {
    if (!accept(node) || seen.has(node.layer)) return false;
    seen.add(node.layer);
    return true;
  });
}

/** The layer of the address if the model has it, or the first that can be chosen. */
export function chosenLayer(
  model: ModelDescription,
  layer: string | undefined,
  accept: (node: ModelNode) => boolean = isConvolution,
): ModelNode | null {
  const layers = layersOf(model, accept);
  return layers.find((node) => node.layer === layer) ?? layers[0] ?? null;
}
