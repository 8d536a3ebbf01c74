import { useEffect } from "preact/hooks";
import type { Api } from "../api/client";
import { Busy } from "../components/Busy";
import { Problem } from "../components/Problem";
import { useText } from "../i18n/text";
import { Header } from "./Header";
import { LeftOut } from "./LeftOut";
import { Navigation } from "./Navigation";
import { useResource } from "./resource";
import { navigate, route } from "./router";
import { knownInLanguage, knownModel, loadModel, session, sessionProblem } from "./session";
import { ViewFrame } from "./ViewFrame";
import type { ViewLoaders } from "./view";
import "./app.css";

/** The page: header, navigation and the view that the address names. */
export function App({ api, views }: { api: Api; views: ViewLoaders }) {
  const { t, language } = useText();
  const id = route.value.model || (session.value?.default_model ?? "");
  const model = knownModel(id) ?? null;
  const asked = useResource(knownInLanguage(id) || !id ? null : `${id} ${language}`, () =>
    loadModel(api, id),
  );

  useEffect(() => {
    document.title = model ? `${model.name} · dichroic` : "dichroic";
  }, [model]);

  if (!session.value) {
    return sessionProblem.value ? <Problem problem={sessionProblem.value} /> : <Busy />;
  }
  const current = { ...route.value, model: id };
  return (
    <div class="shell">
      <a
        class="skip button primary"
        href="#content"
        onClick={(event) => {
          event.preventDefault();
          document.getElementById("content")?.focus();
        }}
      >
        {t("skip-to-content")}
      </a>
      <Header model={model} route={current} />
      <Navigation route={current} available={Object.keys(views)} />
      <main class="view" id="content" tabIndex={-1}>
        {session.value.exported && <LeftOut sentences={session.value.left_out} />}
        {asked.problem && <Problem problem={asked.problem} />}
        {!model && !asked.problem && <Busy />}
        {model && <ViewFrame views={views} props={{ api, model, navigate, route: current }} />}
      </main>
    </div>
  );
}
