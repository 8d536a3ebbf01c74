import { useText } from "../i18n/text";
import { chooseTheme, dark } from "./theme";

/** From light to dark and back. */
export function ThemeSwitch() {
  const { t } = useText();
  const label = dark.value ? t("light-theme") : t("dark-theme");
  return (
    <button
      type="button"
      class="button quiet"
      aria-label={label}
      title={label}
      onClick={() => chooseTheme(dark.value ? "light" : "dark")}
    >
      <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
        <circle cx="10" cy="10" r="7.5" fill="none" stroke="currentColor" stroke-width="1.6" />
        <path d="M10 2.5a7.5 7.5 0 0 1 0 15z" fill="currentColor" />
      </svg>
    </button>
  );
}
