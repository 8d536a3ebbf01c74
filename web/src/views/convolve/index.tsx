import { session } from "../../app/session";
import type { ViewProps } from "../../app/view";
import { InputPicker } from "../../components/InputPicker";
import { chosenLayer, LayerPicker } from "../../components/LayerPicker";
import { Problem } from "../../components/Problem";
import { useText } from "../../i18n/text";
import { onlyDifferences, readChanges, writeChanges } from "./changes";
import { Counts } from "./Counts";
import { FilterStepper } from "./FilterStepper";
import { readsPicture } from "./planes";
import { Stage } from "./Stage";
import { isConvolving, useSubject, type ConvolutionNode } from "./subject";
import { TieMatrix } from "./TieMatrix";
import { VariantControls } from "./VariantControls";
import "./convolve.css";

/** One filter at work: the window slides, and every output value is taken apart. */
export default function Convolve(props: ViewProps) {
  const { t } = useText();
  const node = chosenLayer(props.model, props.route.params.layer);
  if (!isConvolving(node)) return <p class="muted">{t("convolve-none")}</p>;
  return <Convolution {...props} node={node} />;
}

function Convolution({ model, route, navigate, api, node }: ViewProps & { node: ConvolutionNode }) {
  const { t } = useText();
  const { params } = route;
  const input = params.input ?? model.default_input;
  const changes = onlyDifferences(readChanges(params), node.convolution);
  const { subject, problem, busy } = useSubject(api, { model, node, input, changes });
  const filters = subject.node.convolution.filters;
  const filter = Math.max(0, Math.min(filters - 1, Number(params.filter ?? 0) || 0));
  const rgb = readsPicture({ model, node, input, ownWeights: true, changed: false });
  const channel = Number(params.channel ?? 0) || 0;
  return (
    <div class="convolve">
      <div class="convolve-choices">
        <LayerPicker
          model={model}
          value={node.layer}
          onChange={(layer) =>
            navigate({ params: { layer, ...writeChanges({}), at: "", from: "", channel: "" } })
          }
        />
        <FilterStepper
          filters={filters}
          value={filter}
          onChange={(next) => navigate({ params: { filter: String(next) } }, "replace")}
        />
        <InputPicker
          api={api}
          model={model}
          value={input}
          onChange={(next) => navigate({ params: { input: next, from: "" } })}
        />
      </div>
      <VariantControls
        original={node}
        shown={subject.node}
        changes={changes}
        ownWeights={subject.ownWeights}
        closed={session.value?.exported ? t("convolve-closed") : null}
        onChange={(next) =>
          navigate(
            { params: { ...writeChanges(onlyDifferences(next, node.convolution)), from: "" } },
            "replace",
          )
        }
      />
      {problem && <Problem problem={problem} />}
      <div class="convolve-subject" aria-busy={busy}>
        <Counts api={api} subject={subject} original={node} />
        <Stage
          key={`${subject.model.id} ${subject.node.layer} ${subject.input}`}
          api={api}
          route={route}
          navigate={navigate}
          subject={subject}
          filter={filter}
          rgb={rgb}
        />
        <section class="convolve-sharing" aria-labelledby="convolve-ties">
          <h2 id="convolve-ties">{t("ties-title")}</h2>
          <p class="muted">{t("ties-line")}</p>
          <TieMatrix
            convolution={subject.node.convolution}
            chosen={{ channel, filter }}
            onChoose={(pair) =>
              navigate(
                {
                  params: {
                    filter: String(pair.filter),
                    channel: String(pair.channel),
                    show: "channel",
                  },
                },
                "replace",
              )
            }
          />
        </section>
      </div>
    </div>
  );
}
