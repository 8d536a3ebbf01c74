import { useEffect, useState } from "preact/hooks";
import { useJob } from "../../app/job";
import { addInput, bumpVersion, knownModel, loadModel, session } from "../../app/session";
import type { ViewProps } from "../../app/view";
import { asProblem, type Api } from "../../api/client";
import type { Job, ModelDescription, Problem as ProblemData } from "../../api/types";
import { Busy } from "../../components/Busy";
import { Problem } from "../../components/Problem";
import { useText } from "../../i18n/text";
import { Confusion } from "./Confusion";
import { Curves } from "./Curves";
import { FirstFilters } from "./FirstFilters";
import { Histograms } from "./Histograms";
import { Mistakes } from "./Mistakes";
import { StartForm, type TrainingChoices } from "./StartForm";
import { Status } from "./Status";
import { TRAINING, type WeightsEvent } from "./training";
import "./train.css";

/** A training while it goes on: curves, weights and gradients, first filters, answers and mistakes. */
export default function TrainView({ model, route, navigate, api }: ViewProps) {
  const { t } = useText();
  const job = route.params["job"] ?? session.value?.training_job ?? null;
  const [attempt, setAttempt] = useState(0);
  const [refusal, setRefusal] = useState<ProblemData | null>(null);
  const story = useJob(api, job, attempt, TRAINING);
  const trained = useTrained(api, story.weights);
  const running = story.state === "running";

  if (session.value?.exported) return <p class="muted">{t("train-exported")}</p>;

  const ask = async (request: () => Promise<unknown>) => {
    setRefusal(null);
    try {
      await request();
    } catch (error) {
      setRefusal(asProblem(error));
    }
  };
  const start = (choices: TrainingChoices) =>
    ask(async () => {
      const request = { kind: "training", model: model.id, ...choices };
      const { id } = await api.post<Job>("/jobs", request);
      navigate({ params: { job: id } }, "replace");
    });
  const resume = () =>
    ask(async () => {
      await api.post(`/jobs/${job}/resume`, {});
      setAttempt(attempt + 1);
    });
  const name = `${trained?.name ?? model.name}-training`;
  return (
    <>
      {!running && <StartForm model={model} start={(choices) => void start(choices)} />}
      {refusal && <Problem problem={refusal} />}
      {job && story.state === null && <Busy />}
      {story.state !== null && (
        <Status
          story={story}
          stop={() => void ask(() => api.post(`/jobs/${job}/cancel`, {}))}
          resume={() => void resume()}
        />
      )}
      {story.problem && <Problem problem={story.problem} />}
      {story.steps.length > 0 && <Curves story={story} name={name} />}
      {trained && story.weights && (
        <FirstFilters api={api} model={trained} version={story.weights.version} name={name} />
      )}
      {story.histograms.length > 0 && <Histograms weights={story.histograms} name={name} />}
      {story.evaluation && (
        <div class="train-answers">
          <Confusion evaluation={story.evaluation} name={name} />
          <Mistakes
            api={api}
            evaluation={story.evaluation}
            show={(sample) => {
              addInput(sample);
              const params = { input: sample.id };
              navigate({ view: "feature-maps", model: trained?.id ?? model.id, params });
            }}
          />
        </div>
      )}
    </>
  );
}

/** The model that follows the training's weights; every other view learns that they changed. */
function useTrained(api: Api, weights: WeightsEvent | null): ModelDescription | null {
  const id = weights?.model ?? null;
  const version = weights?.version ?? 0;
  useEffect(() => {
    if (id === null) return;
    if (knownModel(id)) bumpVersion(id, version);
    else void loadModel(api, id);
  }, [api, id, version]);
  return id === null ? null : (knownModel(id) ?? null);
}
