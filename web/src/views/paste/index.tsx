import { useState } from "preact/hooks";
import { asProblem } from "../../api/client";
import type { Diagnostic, ModelDescription, Problem as ProblemData } from "../../api/types";
import { addModel } from "../../app/session";
import type { ViewProps } from "../../app/view";
import { Problem } from "../../components/Problem";
import { formatCount, formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { Editor } from "./Editor";
import { EXAMPLES, parseInputShape } from "./examples";
import { OpenFile } from "./OpenFile";
import "./paste.css";

const NO_MARKS: readonly Diagnostic[] = [];

/** Keras code to a model: the program runs it without Python, and every other view follows. */
export default function PasteView({ model, navigate, api }: ViewProps) {
  const { t } = useText();
  const [draft, setDraft] = useState<{ model: string; code: string; shape: string } | null>(null);
  const [problem, setProblem] = useState<ProblemData | null>(null);
  const [busy, setBusy] = useState(false);
  const [examples, setExamples] = useState(0);
  const [target, setTarget] = useState<Diagnostic | null>(null);
  // Another model in the address shows its own code; what was typed belongs to the model that it started from.
  const current = draft?.model === model.id ? draft : null;
  const code = current?.code ?? model.code ?? EXAMPLES[0].code;
  const shape = current?.shape ?? shapeFor(model);
  const edit = (change: { code?: string; shape?: string }) => {
    setDraft({ model: model.id, code, shape, ...change });
    if (change.code !== undefined && problem) setProblem(null);
  };

  const add = async (ask: () => Promise<ModelDescription>) => {
    setBusy(true);
    try {
      const made = await ask();
      addModel(made);
      setProblem(null);
      setDraft(null);
      navigate({ model: made.id });
    } catch (error) {
      setProblem(asProblem(error));
    } finally {
      setBusy(false);
    }
  };
  const run = () => {
    const input = parseInputShape(shape);
    if (input === undefined) {
      setProblem({ kind: "bad_request", message: t("shape-wrong"), help: null, diagnostics: [] });
      return;
    }
    void add(() => api.post<ModelDescription>("/models", { code, input_shape: input }));
  };

  return (
    <div class="paste-view">
      <div class="paste-main">
        <div class="row paste-examples" role="group" aria-label={t("examples")}>
          <span class="muted">{t("examples")}</span>
          {EXAMPLES.map((example) => (
            <button
              key={example.title}
              type="button"
              class="button"
              onClick={() => {
                edit({ code: example.code, shape: example.shape });
                setExamples(examples + 1);
              }}
            >
              {t(example.title)}
            </button>
          ))}
        </div>
        <Editor
          label={t("editor")}
          code={code}
          source={`${model.id} ${examples}`}
          diagnostics={problem?.diagnostics ?? NO_MARKS}
          target={target}
          onChange={(text) => edit({ code: text })}
          onRun={run}
        />
        <div class="row">
          <button type="button" class="button primary" disabled={busy} onClick={run}>
            {busy ? t("running") : t("run")}
          </button>
          <span class="muted small">{t("run-keys")}</span>
          <label class="row paste-shape">
            <span class="muted">{t("input-shape")}</span>
            <input
              class="field"
              value={shape}
              placeholder="28, 28, 3"
              onInput={(event) => edit({ shape: event.currentTarget.value })}
            />
          </label>
          <OpenFile
            onOpen={(file) =>
              void add(() =>
                api.upload<ModelDescription>(
                  `/models?name=${encodeURIComponent(file.name)}`,
                  file,
                  "application/octet-stream",
                ),
              )
            }
          />
        </div>
      </div>
      <div class="paste-answer" aria-live="polite">
        {problem ? (
          <Problem problem={problem}>
            {problem.diagnostics.length > 0 && (
              <ol class="paste-places">
                {problem.diagnostics.map((place) => (
                  <li key={`${place.line} ${place.column} ${place.message}`}>
                    <button
                      type="button"
                      class="button quiet number"
                      onClick={() => setTarget({ ...place })}
                    >
                      {t("place", { line: place.line, column: place.column })}
                    </button>
                    <p>{place.message}</p>
                    {place.hint && <p class="muted">{place.hint}</p>}
                  </li>
                ))}
              </ol>
            )}
          </Problem>
        ) : (
          <Made model={model} navigate={navigate} changed={current !== null} />
        )}
      </div>
    </div>
  );
}

/** What only scripts have: imports, assignments, an input of their own. */
const SCRIPT = /^\s*(from|import)\b|^\w+\s*=[^=]|\bInput\(|input_shape/m;

/** The shape to run with: that of an expression must be given, a script says its own. */
function shapeFor(model: ModelDescription): string {
  const [shape, ...others] = model.input_shapes;
  const expression = model.code !== null && !SCRIPT.test(model.code);
  return expression && others.length === 0 && shape
    ? shape.map((size) => size ?? 28).join(",")
    : "";
}

interface MadeProps {
  model: ModelDescription;
  changed: boolean;
  navigate: ViewProps["navigate"];
}

/** The model that the page shows now. */
function Made({ model, changed, navigate }: MadeProps) {
  const { t } = useText();
  return (
    <section class="paste-made" aria-label={model.name}>
      <h2>{model.name}</h2>
      {changed && <p class="muted">{t("code-changed")}</p>}
      {model.code === null && <p class="muted">{t("no-code")}</p>}
      <p class="number paste-total">
        <b>{formatCount(model.totals.parameters)}</b> {t("total-parameters")}
      </p>
      <table class="table">
        <caption class="unseen">{t("made-layers")}</caption>
        <tbody>
          {model.nodes.slice(0, MOST).map((node) => (
            <tr key={node.index}>
              <th scope="row">
                {node.name}
                <small>{`${node.type} · ${formatShape(node.output_shape)}`}</small>
              </th>
              <td class="amount">
                {node.parameters > 0 ? formatCount(node.parameters) : "–"}
                {node.parameters > 0 && node.formula && <small>{node.formula}</small>}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {model.nodes.length > MOST && (
        <p class="muted">{t("made-more", { count: model.nodes.length - MOST })}</p>
      )}
      <div class="row">
        <button type="button" class="button" onClick={() => navigate({ view: "model" })}>
          {t("see-graph")}
        </button>
        <button type="button" class="button" onClick={() => navigate({ view: "filters" })}>
          {t("see-kernels")}
        </button>
      </div>
    </section>
  );
}

const MOST = 14;
