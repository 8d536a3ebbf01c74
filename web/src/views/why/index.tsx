import type { ViewProps } from "../../app/view";
import { takesPictures } from "../../components/InputPicker";
import { Segmented } from "../../components/Segmented";
import { useText } from "../../i18n/text";
import { Attributions } from "./Attributions";
import { MaximalInput } from "./MaximalInput";
import "./why.css";

/** Why the network says what it says: what counts in the picture, and what a filter looks for. */
export default function Why(props: ViewProps) {
  const { model, route, navigate } = props;
  const { t } = useText();
  if (!takesPictures(model)) return <p class="muted">{t("why-pictures-only")}</p>;
  const ask = route.params.ask === "filter" ? "filter" : "class";
  return (
    <div class="why">
      <Segmented
        label={t("why-ask")}
        options={[
          { value: "class", text: t("why-ask-class") },
          { value: "filter", text: t("why-ask-filter") },
        ]}
        value={ask}
        onChange={(next) => navigate({ params: { ask: next === "filter" ? next : "" } })}
      />
      {ask === "filter" ? <MaximalInput {...props} /> : <Attributions {...props} />}
    </div>
  );
}
