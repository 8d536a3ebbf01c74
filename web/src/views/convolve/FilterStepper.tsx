import { useId } from "preact/hooks";
import { useText } from "../../i18n/text";
import "./FilterStepper.css";

interface FilterStepperProps {
  filters: number;
  value: number;
  onChange(filter: number): void;
}

/** Chooses a filter by its number. */
export function FilterStepper({ filters, value, onChange }: FilterStepperProps) {
  const { t } = useText();
  const id = useId();
  return (
    <div class="filter-stepper">
      <label for={id} class="muted">
        {t("convolve-filter")}
      </label>
      <button
        type="button"
        class="button"
        aria-label={t("convolve-filter-before")}
        disabled={value <= 0}
        onClick={() => onChange(value - 1)}
      >
        −
      </button>
      <input
        id={id}
        class="field number"
        type="number"
        min={0}
        max={filters - 1}
        value={value}
        onChange={(event) => {
          const wanted = event.currentTarget.valueAsNumber;
          if (Number.isInteger(wanted)) onChange(Math.max(0, Math.min(filters - 1, wanted)));
        }}
      />
      <button
        type="button"
        class="button"
        aria-label={t("convolve-filter-after")}
        disabled={value >= filters - 1}
        onClick={() => onChange(value + 1)}
      >
        +
      </button>
      <span class="muted number">{t("convolve-filter-of", { last: filters - 1 })}</span>
    </div>
  );
}
