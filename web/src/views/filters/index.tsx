import type { FilterMatrix, ModelNode } from "../../api/types";
import type { Tensor } from "../../api/client";
import { useResource } from "../../app/resource";
import type { ViewProps } from "../../app/view";
import { Busy } from "../../components/Busy";
import { chosenLayer, LayerPicker } from "../../components/LayerPicker";
import { Problem } from "../../components/Problem";
import { Segmented } from "../../components/Segmented";
import { useText } from "../../i18n/text";
import { FilterSheet } from "./FilterSheet";
import "./filters.css";

/** Every kernel of a convolution: as a matrix of input channels × filters, or as a block for each filter. */
export default function FiltersView(props: ViewProps) {
  const { model, route, navigate } = props;
  const { t } = useText();
  const node = chosenLayer(model, route.params.layer);
  if (!node) return <p class="muted">{t("no-convolutions")}</p>;
  return (
    <div class="filters-view">
      <LayerPicker
        model={model}
        value={node.layer}
        onChange={(layer) => navigate({ params: { layer, stage: "", channel: "", zoom: "" } })}
      />
      <Layer {...props} node={node} />
    </div>
  );
}

function Layer({ api, model, node, route, navigate }: ViewProps & { node: ModelNode }) {
  const { t } = useText();
  const wanted = route.params.stage;
  const base = `/models/${model.id}`;
  const { data, problem, busy } = useResource(
    `${model.id} ${model.version} ${node.layer} ${wanted ?? ""}`,
    async (signal) => {
      const params = { layer: node.layer, stage: wanted };
      const [matrix, kernels] = await Promise.all([
        api.get<FilterMatrix>(`${base}/filters`, params, signal),
        api.tensor(`${base}/kernels`, params, signal),
      ]);
      return { matrix, kernels } satisfies { matrix: FilterMatrix; kernels: Tensor };
    },
  );
  if (problem) return <Problem problem={problem} />;
  if (!data || (busy && data.matrix.layer !== node.layer)) return <Busy />;
  const { matrix, kernels } = data;
  return (
    <>
      {matrix.stages.length > 0 && (
        <Segmented
          label={t("stage")}
          value={matrix.stage ?? matrix.stages[0]!}
          options={matrix.stages.map((stage) => ({
            value: stage,
            text: stage === "depthwise" ? t("stage-depthwise") : t("stage-pointwise"),
          }))}
          onChange={(stage) => navigate({ params: { stage, filter: "", channel: "" } })}
        />
      )}
      <FilterSheet
        key={`${matrix.layer} ${matrix.stage}`}
        name={`${model.name}-${matrix.layer}`}
        matrix={matrix}
        kernels={kernels}
        params={route.params}
        navigate={navigate}
      />
    </>
  );
}
