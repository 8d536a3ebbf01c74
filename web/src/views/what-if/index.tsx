import { useState } from "preact/hooks";
import { useJob } from "../../app/job";
import { useResource } from "../../app/resource";
import { session } from "../../app/session";
import type { ViewProps } from "../../app/view";
import { asProblem } from "../../api/client";
import type { Job, Problem as ProblemData, WhatIf } from "../../api/types";
import { Busy } from "../../components/Busy";
import { chosenLayer, LayerPicker } from "../../components/LayerPicker";
import { Problem } from "../../components/Problem";
import { useText } from "../../i18n/text";
import { COMPARISON } from "./comparison";
import { TrainedVariants } from "./TrainedVariants";
import { Variants } from "./Variants";
import "./what-if.css";

/** One convolution under every way of sharing its kernels: counts, cost, and what training makes of each. */
export default function WhatIfView({ model, route, navigate, api }: ViewProps) {
  const { t, language } = useText();
  const node = chosenLayer(model, route.params["layer"]);
  const layer = node?.layer ?? null;
  const key = layer && `${model.id} ${layer} ${language}`;
  const { data, problem } = useResource(key, (signal) =>
    api.get<WhatIf>(`/models/${model.id}/what-if`, { layer, lang: language }, signal),
  );
  const job = route.params["job"] ?? null;
  const story = useJob(api, job, 0, COMPARISON);
  const [refusal, setRefusal] = useState<ProblemData | null>(null);

  if (!node?.convolution) return <p class="muted">{t("what-if-no-convolution")}</p>;

  const start = async (data: string, epochs: number) => {
    setRefusal(null);
    try {
      const request = { kind: "what_if", model: model.id, layer, data, epochs };
      const { id } = await api.post<Job>("/jobs", request);
      navigate({ params: { job: id } }, "replace");
    } catch (error) {
      setRefusal(asProblem(error));
    }
  };
  return (
    <>
      <LayerPicker
        model={model}
        value={node.layer}
        onChange={(chosen) => navigate({ params: { layer: chosen, job: "" } })}
      />
      {problem && <Problem problem={problem} />}
      {!data && !problem && <Busy />}
      {data && (
        <>
          <Variants
            whatIf={data}
            convolution={node.convolution}
            story={story}
            name={`${model.name}-${node.layer}`}
          />
          {!session.value?.exported && (
            <TrainedVariants
              whatIf={data}
              story={story}
              name={`${model.name}-${node.layer}`}
              start={(set, epochs) => void start(set, epochs)}
              stop={() => void api.post(`/jobs/${job}/cancel`, {})}
            />
          )}
          {refusal && <Problem problem={refusal} />}
        </>
      )}
    </>
  );
}
