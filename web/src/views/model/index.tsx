import { useMemo, useState } from "preact/hooks";
import type { ViewProps } from "../../app/view";
import { Figure } from "../../components/Figure";
import { Segmented } from "../../components/Segmented";
import { colours } from "../../drawing/colours";
import { formatBytes, formatCompact, formatCount } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { findLayers } from "./find";
import { GraphCanvas } from "./GraphCanvas";
import { GroupDetails } from "./GroupDetails";
import { formatOpen, groupItem, itemGraph, lineage, parseOpen } from "./items";
import { KindLegend } from "./KindLegend";
import { LayerDetails } from "./LayerDetails";
import { LayerTable } from "./LayerTable";
import { layOut } from "./layout";
import { cardSize, drawGraph, type Look } from "./paint";
import { Search } from "./Search";
import { STRONGER, unitFor } from "./volume";
import "./model.css";

/** The longest edge of a volume in pixels. */
const LONGEST = 72;

/** The model as a graph of volumes, beside it the table of its layers or the layer that was chosen. */
export default function ModelView({ model, route, navigate, api }: ViewProps) {
  const { t } = useText();
  const { layer, group, open: opened, sort = "order" } = route.params;
  const [search, setSearch] = useState("");
  const open = useMemo(() => parseOpen(model, opened), [model, opened]);
  const unit = useMemo(
    () =>
      unitFor(
        model.nodes.map((node) => node.output_shape),
        LONGEST,
      ),
    [model],
  );
  const graph = useMemo(() => itemGraph(model, open), [model, open]);
  const layout = useMemo(() => layOut(graph, (item) => cardSize(item, unit)), [graph, unit]);

  const node = model.nodes.find((other) => other.layer === layer);
  const item = graph.items.find(({ id, nodes }) =>
    node ? nodes.includes(node) : group !== undefined && id === groupItem(Number(group)),
  );
  const found = findLayers(model, search);
  const look: Look = {
    colours: colours.value,
    unit,
    macs: model.totals.macs,
    selected: item?.id ?? null,
    found:
      found.length === 0
        ? null
        : new Set(
            graph.items
              .filter((one) => one.nodes.some((n) => found.includes(n)))
              .map((one) => one.id),
          ),
    t,
  };

  const setOpen = (next: Set<number>) =>
    navigate({ params: { open: formatOpen(model, next) } }, "replace");
  const toggle = (id: number) => {
    const next = new Set(open);
    if (!next.delete(id)) next.add(id);
    setOpen(next);
  };
  /** Chooses a layer; the groups around it open, so that it is seen. */
  const select = (path: string) => {
    const target = model.nodes.find((other) => other.layer === path);
    const around = lineage(model, target?.group ?? null).map(({ id }) => id);
    const next = new Set([...open, ...around]);
    const params: Record<string, string> = { layer: path, group: "" };
    if (next.size !== open.size) params.open = formatOpen(model, next);
    navigate({ params });
  };

  const wholeDrawing = () => ({
    width: layout.box.width + 48,
    height: layout.box.height + 48,
    draw: (surface: Parameters<typeof drawGraph>[0]) =>
      surface.within(24 - layout.box.x, 24 - layout.box.y, 1, () =>
        drawGraph(surface, layout, look, { box: layout.box, scale: 1 }),
      ),
  });

  const panel = node ?? (item?.group ? item : null);
  const summary = t("model-summary", {
    name: model.name,
    layers: model.nodes.length,
    parameters: formatCount(model.totals.parameters),
  });
  return (
    <div class="model-view">
      <Figure
        title={model.name}
        description={summary}
        name={`${model.name}-architecture`}
        drawing={wholeDrawing}
        data={() => model}
        controls={
          <>
            <Search model={model} value={search} onChange={setSearch} onSelect={select} />
            {model.groups.length > 0 && (
              <Segmented
                label={t("groups")}
                value={formatOpen(model, open)}
                options={[
                  { value: "none", text: t("groups-folded") },
                  { value: "all", text: t("groups-open") },
                ]}
                onChange={(value) => setOpen(parseOpen(model, value))}
              />
            )}
          </>
        }
      >
        <GraphCanvas
          key={model.id}
          label={`${summary} ${t("graph-keys")}`}
          layout={layout}
          look={look}
          onToggle={toggle}
          onSelect={(chosen) =>
            navigate({
              params: {
                layer: chosen?.node?.layer ?? "",
                group: chosen?.group ? String(chosen.group.id) : "",
              },
            })
          }
        />
        <KindLegend model={model} />
        <p class="muted small">{t("volume-scale", { size: STRONGER.size, edge: STRONGER.edge })}</p>
        <p class="unseen" aria-live="polite">
          {item
            ? `${item.name}, ${item.node?.type ?? t("layers-inside", { count: item.nodes.length })}`
            : ""}
        </p>
      </Figure>
      <div class="model-panel">
        {panel ? (
          <button
            type="button"
            class="button quiet back"
            onClick={() => navigate({ params: { layer: "", group: "" } })}
          >
            ← {t("all-layers")}
          </button>
        ) : (
          <Totals model={model} />
        )}
        {node && <LayerDetails api={api} model={model} node={node} navigate={navigate} />}
        {!node && item?.group && (
          <GroupDetails item={item} onOpen={() => toggle(item.group!.id)} onSelect={select} />
        )}
        {!panel && (
          <LayerTable
            model={model}
            sort={sort}
            selected={layer}
            onSort={(column) =>
              navigate({ params: { sort: column === "order" ? "" : column } }, "replace")
            }
            onSelect={select}
          />
        )}
      </div>
    </div>
  );
}

function Totals({ model }: { model: ViewProps["model"] }) {
  const { t } = useText();
  const { parameters, trainable, macs, activation_bytes: memory } = model.totals;
  return (
    <dl class="model-totals number">
      <div>
        <dt>{t("fact-parameters")}</dt>
        <dd>{formatCount(parameters)}</dd>
      </div>
      {trainable !== parameters && (
        <div>
          <dt>{t("fact-trainable")}</dt>
          <dd>{formatCount(trainable)}</dd>
        </div>
      )}
      {macs !== null && (
        <div>
          <dt>{t("fact-macs")}</dt>
          <dd title={formatCount(macs)}>{formatCompact(macs)}</dd>
        </div>
      )}
      {memory !== null && (
        <div>
          <dt>{t("fact-memory")}</dt>
          <dd>{formatBytes(memory)}</dd>
        </div>
      )}
    </dl>
  );
}
