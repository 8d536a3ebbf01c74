import { useEffect, useMemo, useState } from "preact/hooks";
import type { Api, Tensor } from "../../api/client";
import type { JobRequest } from "../../api/types";
import type { ViewProps } from "../../app/view";
import { Figure } from "../../components/Figure";
import { chosenLayer, LayerPicker } from "../../components/LayerPicker";
import { LineChart } from "../../components/LineChart";
import { Slider } from "../../components/Slider";
import { colours } from "../../drawing/colours";
import { formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { FilterStepper } from "../convolve/FilterStepper";
import { isFlatConvolution } from "./Attributions";
import { picturePixels } from "./overlay";
import { PictureCanvas } from "./PictureCanvas";
import { isOver, useRun, type Run } from "./run";
import { RunStatus } from "./RunStatus";

const STEPS = [32, 64, 128, 256, 512] as const;

/** What a filter likes best: an input that grows from noise by gradient ascent, while one looks on. */
export function MaximalInput({ api, model, route, navigate }: ViewProps) {
  const { t } = useText();
  const node = chosenLayer(model, route.params.layer, isFlatConvolution);
  const filters = node?.convolution?.filters ?? 1;
  const filter = Math.max(0, Math.min(filters - 1, Number(route.params.filter ?? 0) || 0));
  const steps = STEPS.find((known) => String(known) === route.params.steps) ?? 128;
  const [request, setRequest] = useState<JobRequest | null>(null);
  const { run, cancel, again } = useRun(api, request);
  const input = useNewestTensor(api, run);
  const pixels = useMemo(() => (input ? picturePixels(input) : null), [input]);
  if (!node) return <p class="muted">{t("why-no-layer")}</p>;
  const start = (): void => {
    const next: JobRequest = {
      kind: "maximal_input",
      model: model.id,
      layer: node.layer,
      filter,
      steps,
      seed: 0,
    };
    if (JSON.stringify(next) === JSON.stringify(request)) again();
    else setRequest(next);
  };
  const last = run.ascent.at(-1);
  return (
    <div class="why-maximal">
      <p class="why-words">
        {t("why-maximal")}{" "}
        <a href="https://distill.pub/2017/feature-visualization/" target="_blank" rel="noreferrer">
          Olah et al. 2017
        </a>
      </p>
      <div class="why-choices">
        <LayerPicker
          model={model}
          value={node.layer}
          accept={isFlatConvolution}
          onChange={(layer) => navigate({ params: { layer } })}
        />
        <FilterStepper
          filters={filters}
          value={filter}
          onChange={(next) => navigate({ params: { filter: String(next) } }, "replace")}
        />
        <Slider
          label={t("why-steps")}
          minimum={0}
          maximum={STEPS.length - 1}
          value={STEPS.indexOf(steps)}
          shown={String(steps)}
          onChange={(place) =>
            navigate({ params: { steps: String(STEPS[place] ?? 128) } }, "replace")
          }
        />
        <button type="button" class="button primary" onClick={start}>
          {t("why-start")}
        </button>
      </div>
      {request && <RunStatus run={run} onCancel={cancel} onAgain={again} />}
      {request && (
        <div class="why-ascent">
          <Figure
            title={t("why-maximal-title", { filter: filterOf(request), layer: layerOf(request) })}
            description={t("why-maximal-description")}
            name={`${layerOf(request)}-filter-${filterOf(request)}-maximal-input`}
            {...(pixels &&
              input && {
                drawing: () => ({
                  width: 4 * pixels.columns,
                  height: 4 * pixels.rows,
                  draw: (surface) =>
                    surface.image(pixels, 0, 0, 4 * pixels.columns, 4 * pixels.rows),
                }),
                data: () => ({
                  request,
                  ascent: run.ascent,
                  shape: input.shape,
                  input: input.data,
                }),
              })}
          >
            {pixels ? (
              <PictureCanvas label={t("why-maximal-description")} pixels={pixels} />
            ) : (
              <div class="why-empty" />
            )}
          </Figure>
          <div class="why-curve">
            <h2>{t("why-activation")}</h2>
            {last && (
              <p class="number" aria-live={isOver(run) ? "polite" : "off"}>
                {t("why-ascent", {
                  step: last.step,
                  steps: last.steps,
                  activation: formatValue(last.activation),
                })}
              </p>
            )}
            <LineChart
              label={t("why-activation")}
              xLabel={t("why-step")}
              height={280}
              format={(value) => formatValue(value)}
              curves={[
                {
                  name: t("why-activation"),
                  colour: colours.value.accent,
                  points: run.ascent.map(({ step, activation }) => [step, activation] as const),
                },
              ]}
            />
          </div>
        </div>
      )}
    </div>
  );
}

function filterOf(request: JobRequest): number {
  return request.kind === "maximal_input" ? request.filter : 0;
}

function layerOf(request: JobRequest): string {
  return request.kind === "maximal_input" ? request.layer : "";
}

/** The newest input; while one is on its way the next ones only leave word. */
function useNewestTensor(api: Api, run: Run): Tensor | null {
  const [tensor, setTensor] = useState<Tensor | null>(null);
  const [arrived, setArrived] = useState("");
  const id = run.job?.id;
  const name = run.tensor?.name ?? run.job?.tensors[0]?.name;
  const newest = id && name ? `${id} ${name} ${run.tensor?.version ?? 0} ${run.state}` : "";
  useEffect(() => {
    if (!id) setTensor(null);
  }, [id]);
  const [asked, setAsked] = useState("");
  useEffect(() => {
    if (!newest || !id || !name || asked !== arrived || newest === arrived) return;
    setAsked(newest);
    const done = (): void => setArrived(newest);
    api.tensor(`/jobs/${id}/tensors/${name}`).then((answer) => {
      setTensor(answer);
      done();
    }, done);
  }, [api, id, name, newest, asked, arrived]);
  return tensor;
}
