import { useState } from "preact/hooks";
import type { ModelDescription } from "../../api/types";
import { session } from "../../app/session";
import { formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";

export interface TrainingChoices {
  data: string;
  epochs: number;
  batch_size: number;
  optimizer?: string;
  learning_rate?: number;
}

const OPTIMIZERS = ["adam", "adamw", "rmsprop", "sgd"];

interface StartFormProps {
  model: ModelDescription;
  start(choices: TrainingChoices): void;
}

/** What a training is asked with. Optimizer and rate are those that the model was compiled with, unless chosen here. */
export function StartForm({ model, start }: StartFormProps) {
  const { t } = useText();
  const sets = session.value?.data_sets ?? [];
  const [data, setData] = useState(() => suitableSet(model, sets));
  const [epochs, setEpochs] = useState(5);
  const [batch, setBatch] = useState(32);
  const [optimizer, setOptimizer] = useState("");
  const [rate, setRate] = useState("");
  const submit = (event: Event) => {
    event.preventDefault();
    start({
      data,
      epochs,
      batch_size: batch,
      ...(optimizer && { optimizer }),
      ...(rate && { learning_rate: Number(rate) }),
    });
  };
  return (
    <form class="train-form" onSubmit={submit}>
      <label>
        <span>{t("train-data")}</span>
        <select class="field" value={data} onChange={(event) => setData(event.currentTarget.value)}>
          {sets.map((set) => (
            <option key={set}>{set}</option>
          ))}
        </select>
      </label>
      <NumberField label={t("train-epochs")} value={epochs} most={10_000} onInput={setEpochs} />
      <NumberField label={t("train-batch")} value={batch} most={4096} onInput={setBatch} />
      <label>
        <span>{t("train-optimizer")}</span>
        <select
          class="field"
          value={optimizer}
          onChange={(event) => setOptimizer(event.currentTarget.value)}
        >
          <option value="">{t("train-as-compiled")}</option>
          {OPTIMIZERS.map((name) => (
            <option key={name}>{name}</option>
          ))}
        </select>
      </label>
      <label>
        <span>{t("train-rate")}</span>
        <input
          class="field"
          type="number"
          min={1e-8}
          step="any"
          placeholder={t("train-as-compiled")}
          value={rate}
          onInput={(event) => setRate(event.currentTarget.value)}
        />
      </label>
      <button type="submit" class="button primary">
        {t("train-start")}
      </button>
      <p class="muted small">
        {t("train-start-hint", {
          model: model.name,
          shape: formatShape(model.input_shapes[0] ?? null),
        })}
      </p>
    </form>
  );
}

interface NumberFieldProps {
  label: string;
  value: number;
  most: number;
  onInput(value: number): void;
}

function NumberField({ label, value, most, onInput }: NumberFieldProps) {
  return (
    <label>
      <span>{label}</span>
      <input
        class="field"
        type="number"
        min={1}
        max={most}
        required
        value={value}
        onInput={(event) => onInput(event.currentTarget.valueAsNumber || 1)}
      />
    </label>
  );
}

/** Grey pictures suit Fashion-MNIST, colour ones the photographs. */
export function suitableSet(
  model: Pick<ModelDescription, "input_shapes">,
  sets: readonly string[],
): string {
  const wanted = model.input_shapes[0]?.at(-1) === 1 ? "fashion" : "photos";
  return sets.find((set) => set === wanted) ?? sets[0] ?? "";
}
