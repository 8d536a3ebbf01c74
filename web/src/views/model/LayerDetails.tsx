import type { ComponentChildren } from "preact";
import type { Api } from "../../api/client";
import type { LayerExplanation, ModelDescription, ModelNode } from "../../api/types";
import { useResource } from "../../app/resource";
import type { Route, ViewName } from "../../app/view";
import { Busy } from "../../components/Busy";
import { Problem } from "../../components/Problem";
import { formatBytes, formatCount, formatPercent, formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { kindColour, kindOf } from "./kinds";

interface LayerDetailsProps {
  api: Api;
  model: ModelDescription;
  node: ModelNode;
  navigate(change: Partial<Route>): void;
}

/** What a layer is, what it counts and costs, and the library's own explanation of it. */
export function LayerDetails({ api, model, node, navigate }: LayerDetailsProps) {
  const { t, language } = useText();
  const { data, problem } = useResource(`${model.id} ${node.layer} ${language}`, (signal) =>
    api.get<LayerExplanation>(
      `/models/${model.id}/layer`,
      { layer: node.layer, lang: language },
      signal,
    ),
  );
  const go = (view: ViewName) => navigate({ view, params: { layer: node.layer } });
  return (
    <section class="details" aria-label={node.layer}>
      <header>
        <h2>{node.name}</h2>
        <p class="muted">
          <span
            class="kind-dot"
            style={{ background: kindColour(kindOf(node.type)) }}
            aria-hidden="true"
          />
          {node.type}
          {node.layer !== node.name && ` · ${node.layer}`}
        </p>
      </header>
      {node.convolution && (
        <div class="row">
          <button type="button" class="button primary" onClick={() => go("filters")}>
            {t("see-filters")}
          </button>
          <button type="button" class="button" onClick={() => go("convolve")}>
            {t("see-convolve")}
          </button>
        </div>
      )}
      <Facts model={model} node={node} />
      {problem && <Problem problem={problem} />}
      {!data && !problem && <Busy />}
      {data?.layer === node.layer && <Explanation explanation={data} />}
    </section>
  );
}

function Facts({ model, node }: { model: ModelDescription; node: ModelNode }) {
  const { t } = useText();
  const { macs } = model.totals;
  const share = node.macs !== null && macs ? ` (${formatPercent(node.macs / macs)})` : "";
  return (
    <dl class="facts number">
      <Fact term={t("fact-input")}>{formatShape(node.input_shape)}</Fact>
      <Fact term={t("fact-output")}>{formatShape(node.output_shape)}</Fact>
      <Fact term={t("fact-parameters")}>
        <b>{formatCount(node.parameters)}</b>
        {node.formula && node.parameters > 0 && <code class="formula">{node.formula}</code>}
      </Fact>
      {node.macs !== null && (
        <Fact term={t("fact-macs")}>{`${formatCount(node.macs)}${share}`}</Fact>
      )}
      {node.activation_bytes !== null && (
        <Fact term={t("fact-memory")}>{formatBytes(node.activation_bytes)}</Fact>
      )}
      {node.receptive_field && (
        <Fact term={t("fact-field")}>{node.receptive_field.join(" × ")}</Fact>
      )}
      {node.output_stride && <Fact term={t("fact-stride")}>{node.output_stride.join(" × ")}</Fact>}
    </dl>
  );
}

function Fact({ term, children }: { term: string; children: ComponentChildren }) {
  return (
    <div>
      <dt>{term}</dt>
      <dd>{children}</dd>
    </div>
  );
}

function Explanation({ explanation }: { explanation: LayerExplanation }) {
  const { t } = useText();
  return (
    <>
      {explanation.terms.length > 1 && (
        <table class="table">
          <caption class="unseen">{t("table-of-weights")}</caption>
          <tbody>
            {explanation.terms.map((term) => (
              <tr key={term.weight}>
                <th scope="row">{term.weight}</th>
                <td class="amount">{formatCount(term.count)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      {explanation.notes.map((note) => (
        <section key={note.about} class="note">
          <h3>{note.about}</h3>
          <ul>
            {note.lines.map((line) => (
              <li key={line}>{line}</li>
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}
