import { useRef } from "preact/hooks";
import { useText } from "../../i18n/text";

/** Chooses a model file that Keras wrote. */
export function OpenFile({ onOpen }: { onOpen(file: File): void }) {
  const { t } = useText();
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <button type="button" class="button" onClick={() => input.current?.click()}>
        {t("open-file")}
      </button>
      <input
        ref={input}
        type="file"
        accept=".keras,.h5,.hdf5,.onnx"
        hidden
        onChange={(event) => {
          const file = event.currentTarget.files?.[0];
          event.currentTarget.value = "";
          if (file) onOpen(file);
        }}
      />
    </>
  );
}
