import { Component, type ComponentChildren } from "preact";
import { asProblem } from "../api/client";
import { Busy } from "../components/Busy";
import { Problem } from "../components/Problem";
import { useText } from "../i18n/text";
import { VIEW_TITLES } from "./Navigation";
import { useResource } from "./resource";
import type { ViewName } from "./route";
import type { ViewLoaders, ViewProps } from "./view";

/** A view with its title and the line that says what it is; its code is loaded when first looked at. */
export function ViewFrame({ views, props }: { views: ViewLoaders; props: ViewProps }) {
  const { t } = useText();
  const { view, model } = props.route;
  const load = views[view];
  const { data, problem } = useResource(load ? view : null, async () => ({
    view,
    View: (await load!()).default,
  }));
  return (
    <>
      <div class="view-title">
        <h1>{t(VIEW_TITLES[view])}</h1>
        <p>{t(VIEW_LINES[view])}</p>
      </div>
      {!load && <p class="muted">{t("view-not-here")}</p>}
      {problem && <Problem problem={problem} />}
      {load && !problem && data?.view !== view && <Busy />}
      {data?.view === view && (
        // Another model starts a view anew; the editor stays, for it makes the models.
        <Guard key={view === "paste" ? view : `${view} ${model}`}>
          <data.View {...props} />
        </Guard>
      )}
    </>
  );
}

const VIEW_LINES: Record<ViewName, string> = {
  model: "line-model",
  filters: "line-filters",
  convolve: "line-convolve",
  "feature-maps": "line-feature-maps",
  why: "line-why",
  "what-if": "line-what-if",
  train: "line-train",
  paste: "line-paste",
};

/** A view that fails says so in its own place; the rest of the page goes on. */
class Guard extends Component<{ children: ComponentChildren }, { error: unknown }> {
  override state = { error: null as unknown };

  static override getDerivedStateFromError(error: unknown) {
    return { error };
  }

  override render() {
    return this.state.error === null ? (
      this.props.children
    ) : (
      <Problem problem={asProblem(this.state.error)} />
    );
  }
}
