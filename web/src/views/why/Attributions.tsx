import { useMemo, useState } from "preact/hooks";
import type { FeatureMaps, ModelDescription, ModelNode } from "../../api/types";
import { wholeOf } from "../../api/values";
import { useResource } from "../../app/resource";
import type { ViewProps } from "../../app/view";
import { Busy } from "../../components/Busy";
import { InputPicker } from "../../components/InputPicker";
import { LayerPicker } from "../../components/LayerPicker";
import { Problem } from "../../components/Problem";
import { Slider } from "../../components/Slider";
import { formatPercent, formatValue } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { AttributionTile } from "./AttributionTile";
import { METHODS, readMethods, toggled } from "./methods";
import { picturePixels } from "./overlay";
import { PictureCanvas } from "./PictureCanvas";

type Output = FeatureMaps["outputs"][number];

/** Which parts of the picture speak for a class, by several methods side by side. */
export function Attributions({ api, model, route, navigate }: ViewProps) {
  const { t } = useText();
  const { params } = route;
  const input = params.input ?? model.default_input;
  const maps = useResource(`${model.id} ${model.version} ${input}`, () =>
    api.get<FeatureMaps>(`/models/${model.id}/feature-maps`, { input }),
  );
  const picture = usePictureOf({ api, model, input });
  const [opacity, setOpacity] = useState(0.75);
  const output = maps.data?.outputs[0];
  const best = output ? bestOf(output) : 0;
  const wanted = params.class === undefined ? best : Number(params.class);
  const methods = readMethods(params.methods);
  const layer = params.cam ?? lastConvolution(model)?.layer ?? "";
  const problem = maps.problem ?? picture.problem;
  const [over, setOver] = useState<ReadonlySet<string>>(new Set());
  const keyOf = (method: string): string =>
    [method, model.id, model.version, input, wanted, layer].join(" ");
  // One after the other: each takes all cores.
  const turn = methods.findIndex(({ method }) => !over.has(keyOf(method)));
  return (
    <div class="why-attributions">
      <div class="why-choices">
        <InputPicker
          api={api}
          model={model}
          value={input}
          onChange={(next) => navigate({ params: { input: next, class: "" } })}
        />
        {output && (
          <ClassPicker
            output={output}
            value={wanted}
            onChange={(next) => navigate({ params: { class: String(next) } }, "replace")}
          />
        )}
        <LayerPicker
          model={model}
          value={layer}
          accept={isFlatConvolution}
          onChange={(next) => navigate({ params: { cam: next } }, "replace")}
        />
      </div>
      <div class="why-choices">
        <MethodChoice
          chosen={methods.map(({ method }) => method)}
          onToggle={(method) =>
            navigate({ params: { methods: toggled(methods, method) || "none" } }, "replace")
          }
        />
        <Slider
          label={t("why-opacity")}
          minimum={0}
          maximum={1}
          step={0.05}
          value={opacity}
          shown={formatPercent(opacity)}
          onChange={setOpacity}
        />
      </div>
      {problem && <Problem problem={problem} />}
      {!problem && (!picture.pixels || !maps.data) && <Busy />}
      {picture.pixels && maps.data && (
        <div class="why-tiles">
          <figure class="figure">
            <figcaption>
              <h2>{t("why-picture")}</h2>
            </figcaption>
            <PictureCanvas label={t("why-picture")} pixels={picture.pixels} />
            {output && <p class="small muted">{scoreText(output, wanted)}</p>}
          </figure>
          {methods.map((method, place) => (
            <AttributionTile
              key={keyOf(method.method)}
              api={api}
              method={method}
              request={
                turn === -1 || place <= turn
                  ? {
                      kind: "attribution",
                      model: model.id,
                      input,
                      method: method.method,
                      class: wanted,
                      ...(method.layer && params.cam && { layer: params.cam }),
                    }
                  : null
              }
              picture={picture.pixels ?? NOTHING}
              opacity={opacity}
              onOver={() => setOver((known) => new Set([...known, keyOf(method.method)]))}
            />
          ))}
        </div>
      )}
    </div>
  );
}

const NOTHING = { columns: 1, rows: 1, rgba: new Uint8ClampedArray(4) };

function MethodChoice({
  chosen,
  onToggle,
}: {
  chosen: readonly string[];
  onToggle(method: (typeof METHODS)[number]["method"]): void;
}) {
  const { t } = useText();
  return (
    <div class="why-methods" role="group" aria-label={t("why-methods")}>
      {METHODS.map(({ method, name, means }) => (
        <button
          key={method}
          type="button"
          class="button"
          aria-pressed={chosen.includes(method)}
          title={t(means)}
          onClick={() => onToggle(method)}
        >
          {name}
        </button>
      ))}
    </div>
  );
}

interface ClassPickerProps {
  output: Output;
  value: number;
  onChange(index: number): void;
}

/** Chooses the class to be explained, the likeliest first. */
function ClassPicker({ output, value, onChange }: ClassPickerProps) {
  const { t } = useText();
  const scores = [...output.scores].sort((a, b) => b.score - a.score);
  return (
    <label class="why-class">
      <span class="muted">{t("why-class")}</span>
      <select
        class="field"
        value={String(value)}
        onChange={(event) => onChange(Number(event.currentTarget.value))}
      >
        {scores.map((score) => (
          <option key={score.index} value={String(score.index)}>
            {scoreText(output, score.index)}
          </option>
        ))}
      </select>
    </label>
  );
}

function scoreText(output: Output, index: number): string {
  const score = output.scores.find((candidate) => candidate.index === index);
  if (!score) return String(index);
  const value = output.probabilities ? formatPercent(score.score) : formatValue(score.score);
  return `${score.class_name ?? index} · ${value}`;
}

function bestOf({ scores }: Output): number {
  const [first] = [...scores].sort((a, b) => b.score - a.score);
  return first?.index ?? 0;
}

export function isFlatConvolution(node: ModelNode): boolean {
  return node.convolution?.rank === 2;
}

export function lastConvolution(model: ModelDescription): ModelNode | undefined {
  return model.nodes.filter(isFlatConvolution).at(-1);
}

/** The picture as the model sees it. */
function usePictureOf({ api, model, input }: Pick<ViewProps, "api" | "model"> & { input: string }) {
  const [first] = model.nodes;
  const values = {
    model: model.id,
    version: model.version,
    layer: first?.layer ?? "",
    input,
    of: first?.type === "InputLayer" ? "output" : "input",
  } as const;
  const { data, problem } = useResource(Object.values(values).join(" "), () =>
    wholeOf(api, values),
  );
  const pixels = useMemo(() => (data ? picturePixels(data) : null), [data]);
  return { pixels, problem };
}
