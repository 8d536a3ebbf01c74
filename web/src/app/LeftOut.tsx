import { useText } from "../i18n/text";

/** In an exported page: what the file does not hold. */
export function LeftOut({ sentences }: { sentences: string[] }) {
  const { t } = useText();
  return (
    <div class="left-out" role="note">
      {t("exported-page")}
      {sentences.length > 0 && (
        <ul>
          {sentences.map((sentence) => (
            <li key={sentence}>{sentence}</li>
          ))}
        </ul>
      )}
    </div>
  );
}
