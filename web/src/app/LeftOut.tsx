import { useText } from "../i18n/text";

/** In an exported page: what the file does not hold. */
export function LeftOut({ sentences }: { sentences: string[] }) {
  const { t } = useText();
  return (
    <aside class="left-out">
      {t("exported-page")}
      {sentences.length > 0 && (
        <ul>
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </aside>
  );
}
