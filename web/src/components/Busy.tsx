import { useText } from "../i18n/text";
import "./Busy.css";

/** Something is on its way. It shows only after a moment, so that quick answers don't flicker. */
export function Busy({ children }: { children?: string }) {
  const { t } = useText();
  return (
    <p class="busy" role="status">
      <span class="busy-dots" aria-hidden="true" />
      {children ?? t("loading")}
    </p>
  );
}
