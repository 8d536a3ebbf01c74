/** What the page shows, as its address says it: `#/filters/main?layer=conv2d&filter=3`. */
export interface Route {
  view: ViewName;
  /** A model's id; empty for the one that the session starts with. */
  model: string;
  params: Record<string, string>;
}

export const VIEW_NAMES = [
  "model",
  "filters",
  "convolve",
  "feature-maps",
  "why",
  "what-if",
  "train",
  "paste",
] as const;
export type ViewName = (typeof VIEW_NAMES)[number];

/** What stays the same when a person goes from one view to another. */
const SHARED = ["layer", "filter", "input"];

export function parseRoute(hash: string): Route {
  const [path = "", query = ""] = hash.replace(/^#?\/?/, "").split("?", 2);
  const [view = "", ...model] = path.split("/");
  return {
    view: VIEW_NAMES.find((name) => name === view) ?? "model",
    model: decode(model.join("/")),
    params: Object.fromEntries(new URLSearchParams(query)),
  };
}

export function formatRoute({ view, model, params }: Route): string {
  // Slashes and commas of paths and places stay readable.
  const query = Object.entries(params)
    .map(([key, value]) => `${encodeURIComponent(key)}=${readable(value)}`)
    .join("&");
  return `#/${view}/${readable(model)}${query ? `?${query}` : ""}`;
}

/**
 * The route after a change. Parameters are merged, an empty one is taken out. Another view keeps only what views
 * share (layer, filter, input), another model only the input, another layer no filter.
 */
export function changeRoute(route: Route, change: Partial<Route>): Route {
  const view = change.view ?? route.view;
  const model = change.model ?? route.model;
  let kept = Object.entries(route.params);
  if (model !== route.model) kept = kept.filter(([key]) => key === "input");
  else if (view !== route.view) kept = kept.filter(([key]) => SHARED.includes(key));
  if (change.params?.layer !== undefined && change.params.layer !== route.params.layer)
    kept = kept.filter(([key]) => key !== "filter");
  const params = Object.fromEntries(
    Object.entries({ ...Object.fromEntries(kept), ...change.params }).filter(
      ([, value]) => value !== "",
    ),
  );
  return { view, model, params };
}

function readable(text: string): string {
  return encodeURIComponent(text).replaceAll("%2F", "/").replaceAll("%2C", ",");
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
