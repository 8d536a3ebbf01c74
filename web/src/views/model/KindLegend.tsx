import type { ModelDescription } from "../../api/types";
import { useText } from "../../i18n/text";
import { KIND_NAMES, kindColour, kindOf, type Kind } from "./kinds";

/** The kinds of layers that the model has, with their colours. */
export function KindLegend({ model }: { model: ModelDescription }) {
  const { t } = useText();
  const kinds = new Set(model.nodes.map((node) => kindOf(node.type)));
  return (
    <ul class="kind-legend">
      {(Object.keys(KIND_NAMES) as Kind[])
        .filter((kind) => kinds.has(kind))
        .map((kind) => (
          <li key={kind}>
            <span class="kind-dot" style={{ background: kindColour(kind) }} aria-hidden="true" />
            {t(KIND_NAMES[kind])}
          </li>
        ))}
    </ul>
  );
}
