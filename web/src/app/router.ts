import { signal } from "@preact/signals";
import { changeRoute, formatRoute, parseRoute, type Route } from "./route";

/** The route of the address bar. */
export const route = signal<Route>(parseRoute(location.hash));

addEventListener("hashchange", () => (route.value = parseRoute(location.hash)));

/** Changes the address; `replace` leaves no step in the history (for sliders, hovering and the like). */
export function navigate(change: Partial<Route>, how: "push" | "replace" = "push"): void {
  const next = changeRoute(route.value, change);
  const hash = formatRoute(next);
  if (hash === location.hash) return;
  if (how === "push") history.pushState(null, "", hash);
  else history.replaceState(null, "", hash);
  route.value = next;
}
