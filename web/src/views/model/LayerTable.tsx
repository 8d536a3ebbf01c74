import { useState } from "preact/hooks";
import type { ModelDescription, ModelNode } from "../../api/types";
import {
  formatBytes,
  formatCompact,
  formatCount,
  formatPercent,
  formatShape,
} from "../../i18n/format";
import { useText } from "../../i18n/text";
import { kindColour, kindOf } from "./kinds";

type Column = "order" | "parameters" | "macs" | "memory" | "field";

const COLUMNS: { column: Column; title: string; value(node: ModelNode): number }[] = [
  { column: "order", title: "column-layer", value: (node) => -node.index },
  { column: "parameters", title: "column-parameters", value: (node) => node.parameters },
  { column: "macs", title: "column-macs", value: (node) => node.macs ?? -1 },
  { column: "memory", title: "column-memory", value: (node) => node.activation_bytes ?? -1 },
  { column: "field", title: "column-field", value: (node) => node.receptive_field?.[0] ?? -1 },
];

interface LayerTableProps {
  model: ModelDescription;
  sort: string;
  selected: string | undefined;
  onSort(column: string): void;
  onSelect(layer: string): void;
}

/** Every layer in a row, to be sorted by what it costs. */
export function LayerTable({ model, sort, selected, onSort, onSelect }: LayerTableProps) {
  const { t } = useText();
  const chosen = COLUMNS.find(({ column }) => column === sort) ?? COLUMNS[0]!;
  const [shown, setShown] = useState(FIRST_ROWS);
  const rows = [...model.nodes].sort((a, b) => chosen.value(b) - chosen.value(a));
  return (
    <div class="layer-table" tabIndex={0} role="region" aria-label={t("table-of-layers")}>
      <table class="table">
        <caption class="unseen">{t("table-of-layers")}</caption>
        <thead>
          <tr>
            {COLUMNS.map(({ column, title }) => (
              <th
                key={column}
                scope="col"
                class={column === "order" ? "" : "amount"}
                aria-sort={
                  column !== chosen.column
                    ? "none"
                    : column === "order"
                      ? "ascending"
                      : "descending"
                }
              >
                <button type="button" onClick={() => onSort(column)}>
                  {t(title)}
                  <span aria-hidden="true">{column === chosen.column ? " ↓" : ""}</span>
                </button>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, shown).map((node) => (
            <LayerRow
              key={node.index}
              node={node}
              model={model}
              chosen={node.layer === selected}
              choose={() => onSelect(node.layer)}
            />
          ))}
        </tbody>
      </table>
      {rows.length > shown && (
        <button type="button" class="button" onClick={() => setShown(rows.length)}>
          {t("more-rows", { count: rows.length - shown })}
        </button>
      )}
    </div>
  );
}

/** Rows that are drawn at once; the rest on request, so that the page is there at once. */
const FIRST_ROWS = 120;

interface LayerRowProps {
  node: ModelNode;
  model: ModelDescription;
  chosen: boolean;
  choose(): void;
}

function LayerRow({ node, model, chosen, choose }: LayerRowProps) {
  const share = node.macs !== null && model.totals.macs ? node.macs / model.totals.macs : 0;
  const field = node.receptive_field;
  return (
    <tr class={chosen ? "chosen" : ""} onClick={choose}>
      <th scope="row">
        <button type="button" aria-current={chosen ? "true" : undefined}>
          <span
            class="kind-dot"
            style={{ background: kindColour(kindOf(node.type)) }}
            aria-hidden="true"
          />
          <span>
            {node.name}
            <small>{`${node.type} · ${formatShape(node.output_shape)}`}</small>
          </span>
        </button>
      </th>
      <td class="amount">{node.parameters > 0 ? formatCount(node.parameters) : "–"}</td>
      <td class="amount" title={node.macs === null ? "" : formatCount(node.macs)}>
        {node.macs ? formatCompact(node.macs) : "–"}
        {share >= 0.001 && <small>{formatPercent(share)}</small>}
      </td>
      <td class="amount">
        {node.activation_bytes === null ? "–" : formatBytes(node.activation_bytes)}
      </td>
      <td class="amount">{field === null ? "–" : field.join("×")}</td>
    </tr>
  );
}
