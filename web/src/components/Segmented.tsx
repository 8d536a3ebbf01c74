import { useId } from "preact/hooks";
import "./Segmented.css";

interface SegmentedProps<T extends string> {
  label: string;
  options: readonly { value: T; text: string; title?: string; disabled?: boolean }[];
  value: T;
  onChange(value: T): void;
}

/** One of a few choices, all of them in sight; arrow keys move between them. */
export function Segmented<T extends string>({
  label,
  options,
  value,
  onChange,
}: SegmentedProps<T>) {
  const name = useId();
  return (
    <fieldset class="segmented">
      <legend class="unseen">{label}</legend>
      {options.map((option) => (
        <label key={option.value} title={option.title}>
          <input
            type="radio"
            name={name}
            value={option.value}
            checked={option.value === value}
            disabled={option.disabled}
            onChange={() => onChange(option.value)}
          />
          <span>{option.text}</span>
        </label>
      ))}
    </fieldset>
  );
}
