import type { ComponentType } from "preact";
import type { Api } from "../api/client";
import type { ModelDescription } from "../api/types";
import type { Route } from "./route";

export type { Route, ViewName } from "./route";

/** What every view gets. All that it shows follows from these, so that its address can be shared. */
export interface ViewProps {
  model: ModelDescription;
  route: Route;
  /** Parameters are merged into those of the address; an empty one is taken out. */
  navigate(change: Partial<Route>, how?: "push" | "replace"): void;
  api: Api;
}

export type View = ComponentType<ViewProps>;

/** Loads the code of a view when it is first looked at, by the view's name. */
export type ViewLoaders = Partial<Record<string, ViewLoader>>;
export type ViewLoader = () => Promise<{ default: View }>;

/** From `../views/filters/index.tsx` to `filters`. */
export function byViewName(modules: Record<string, ViewLoader>): ViewLoaders {
  return Object.fromEntries(
    Object.entries(modules).map(([path, load]) => [path.split("/").at(-2)!, load]),
  );
}
