import { useId } from "preact/hooks";
import "./Slider.css";

interface SliderProps {
  label: string;
  minimum: number;
  maximum: number;
  step?: number;
  value: number;
  /** What the value is called beside the slider; the number itself by default. */
  shown?: string;
  onChange(value: number): void;
}

/** A number between two ends, with its label and its value. */
export function Slider({ label, minimum, maximum, step = 1, value, shown, onChange }: SliderProps) {
  const id = useId();
  return (
    <div class="slider">
      <label for={id}>{label}</label>
      <input
        id={id}
        type="range"
        min={minimum}
        max={maximum}
        step={step}
        value={value}
        aria-valuetext={shown}
        onInput={(event) => onChange(event.currentTarget.valueAsNumber)}
      />
      <output for={id} class="number">
        {shown ?? value}
      </output>
    </div>
  );
}
