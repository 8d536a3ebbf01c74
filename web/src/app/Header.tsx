import type { ModelDescription } from "../api/types";
import { formatCompact, formatCount } from "../i18n/format";
import { useText } from "../i18n/text";
import { LanguageSwitch } from "./LanguageSwitch";
import { navigate } from "./router";
import type { Route } from "./route";
import { session } from "./session";
import { ThemeSwitch } from "./ThemeSwitch";

/** Which model one looks at, how large it is, and the switches of language and theme. */
export function Header({ model, route }: { model: ModelDescription | null; route: Route }) {
  const { t } = useText();
  const models = session.value?.models ?? [];
  return (
    <header class="header">
      <a class="brand" href="#/model/" aria-label={t("home")}>
        <Mark />
        <span>dichroic</span>
      </a>
      <div class="model-choice">
        <select
          class="field"
          aria-label={t("model-choice")}
          value={route.model}
          onChange={(event) => navigate({ model: event.currentTarget.value })}
        >
          {models.map(({ id, name, parameters }) => (
            <option key={id} value={id}>
              {models.length > 1 ? `${name} · ${formatCompact(parameters)}` : name}
            </option>
          ))}
        </select>
        {model && <Totals model={model} />}
      </div>
      <div class="header-controls">
        <LanguageSwitch />
        <ThemeSwitch />
      </div>
    </header>
  );
}

function Totals({ model }: { model: ModelDescription }) {
  const { t } = useText();
  const { parameters, macs } = model.totals;
  return (
    <p class="totals number">
      <span>
        <b>{formatCount(parameters)}</b> {t("total-parameters")}
      </span>
      {macs !== null && (
        <span>
          <b>{formatCompact(macs)}</b> {t("total-macs")}
        </span>
      )}
    </p>
  );
}

/** One kernel of nine weights, the last of another sign. */
function Mark() {
  return (
    <svg viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="7" fill="#0b7285" />
      <path d="M7 7h5v5H7z" fill="#fff" />
      <path d="M13.5 7h5v5h-5zM7 13.5h5v5H7z" fill="#fff" fill-opacity=".7" />
      <path d="M13.5 13.5h5v5h-5z" fill="#fff" fill-opacity=".45" />
      <path d="M20 20h5v5h-5z" fill="#ffb59f" />
    </svg>
  );
}
