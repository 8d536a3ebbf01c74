import { switchLanguage } from "../i18n/language";
import { useText } from "../i18n/text";

/** The other language, named in itself. */
export function LanguageSwitch() {
  const { t, language } = useText();
  const other = language === "en" ? "zh-CN" : "en";
  return (
    <button
      type="button"
      class="button quiet"
      lang={other}
      title={t("switch-language")}
      onClick={() => void switchLanguage(other)}
    >
      {other === "en" ? "English" : "中文"}
    </button>
  );
}
