import { useEffect, useRef } from "preact/hooks";
import { useText } from "../i18n/text";
import { changeRoute, formatRoute, VIEW_NAMES, type Route, type ViewName } from "./route";

/** The views that this page has; on a phone a bar at the bottom. */
export function Navigation({ route, available }: { route: Route; available: string[] }) {
  const { t } = useText();
  const bar = useRef<HTMLElement>(null);
  useEffect(() => {
    bar.current
      ?.querySelector("[aria-current]")
      ?.scrollIntoView({ block: "nearest", inline: "center" });
  }, [route.view]);
  return (
    <nav ref={bar} class="navigation" aria-label={t("views")}>
      <ul>
        {VIEW_NAMES.filter((view) => available.includes(view)).map((view) => (
          <li key={view}>
            <a
              href={formatRoute(changeRoute(route, { view }))}
              aria-current={view === route.view ? "page" : undefined}
            >
              {t(VIEW_TITLES[view])}
            </a>
          </li>
        ))}
      </ul>
    </nav>
  );
}

export const VIEW_TITLES: Record<ViewName, string> = {
  model: "view-model",
  filters: "view-filters",
  convolve: "view-convolve",
  "feature-maps": "view-feature-maps",
  why: "view-why",
  "what-if": "view-what-if",
  train: "view-train",
  paste: "view-paste",
};
