import { useEffect, useRef } from "preact/hooks";
import type { FeatureMaps } from "../../api/types";
import { useResource } from "../../app/resource";
import { session } from "../../app/session";
import type { ViewProps } from "../../app/view";
import { Busy } from "../../components/Busy";
import { InputPicker } from "../../components/InputPicker";
import { Problem } from "../../components/Problem";
import { Segmented } from "../../components/Segmented";
import { useText } from "../../i18n/text";
import { LayerSection } from "./LayerSection";
import { Scores } from "./Scores";
import "./feature-maps.css";

/** The picture's way through the network: what every layer makes of it, and what the network says at the end. */
export default function FeatureMapsView({ model, route, navigate, api }: ViewProps) {
  const { t } = useText();
  const { params } = route;
  const input = params.input ?? model.default_input;
  const common = params.scale === "layer";
  const { data, problem, busy } = useResource(`${model.id} ${model.version} ${input}`, () =>
    api.get<FeatureMaps>(`/models/${model.id}/feature-maps`, { input }),
  );
  const place = useRef<HTMLDivElement>(null);
  const asked = useRef(params.layer);
  // A link to a layer leads there once; after that a person scrolls as they like.
  useEffect(() => {
    if (!data || !asked.current) return;
    const layers = place.current?.querySelectorAll<HTMLElement>("[data-layer]") ?? [];
    const target = [...layers].find(({ dataset }) => dataset.layer === asked.current);
    asked.current = undefined;
    return target && keepInSight(target, place.current!);
  }, [data]);
  const entry = session.value?.inputs.find(({ id }) => id === input);
  const chosen = params.map === undefined ? null : Number(params.map);
  return (
    <div class="maps" ref={place}>
      <div class="maps-choices">
        <InputPicker
          api={api}
          model={model}
          value={input}
          onChange={(next) => navigate({ params: { input: next } })}
        />
        <Segmented
          label={t("maps-scale")}
          options={[
            { value: "map", text: t("maps-scale-map"), title: t("maps-scale-map-means") },
            { value: "layer", text: t("maps-scale-layer"), title: t("maps-scale-layer-means") },
          ]}
          value={common ? "layer" : "map"}
          onChange={(value) =>
            navigate({ params: { scale: value === "layer" ? value : "" } }, "replace")
          }
        />
      </div>
      {problem && <Problem problem={problem} />}
      {!data && !problem && <Busy />}
      {data && (
        <div class="maps-body" aria-busy={busy}>
          <aside class="maps-aside">
            <Scores outputs={data.outputs} truth={entry?.label ?? null} />
          </aside>
          <div class="maps-layers">
            {data.layers.map((layer) => (
              <LayerSection
                key={`${data.input} ${layer.layer}`}
                api={api}
                model={model}
                navigate={navigate}
                layer={layer}
                input={data.input}
                common={common}
                chosen={params.layer === layer.layer ? chosen : null}
              />
            ))}
          </div>
        </div>
      )}
    </div>
  );
}

/** Scrolls to an element, and again when what is above it gets its size, until a person acts. */
function keepInSight(target: HTMLElement, within: HTMLElement): () => void {
  const observer = new ResizeObserver(() => target.scrollIntoView());
  observer.observe(within);
  const release = (): void => {
    observer.disconnect();
    for (const act of ACTS) removeEventListener(act, release);
  };
  for (const act of ACTS) addEventListener(act, release, { passive: true });
  return release;
}

const ACTS = ["wheel", "pointerdown", "keydown"] as const;
