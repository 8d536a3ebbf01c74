import type { ComponentChildren } from "preact";
import type { Sharing } from "../../api/types";
import { Segmented } from "../../components/Segmented";
import { useText } from "../../i18n/text";
import { isChanged, paddingOf, possibleGroups, type Changes } from "./changes";
import type { ConvolutionNode } from "./subject";

interface VariantControlsProps {
  /** The layer as the model has it, and as it is shown. */
  original: ConvolutionNode;
  shown: ConvolutionNode;
  changes: Changes;
  /** Whether what is shown has the layer's own weights. */
  ownWeights: boolean;
  /** A sentence for those who can't change anything here. */
  closed: string | null;
  onChange(changes: Changes): void;
}

/** Kernel size, strides, padding, dilation, groups and sharing, changed on the spot. */
export function VariantControls(props: VariantControlsProps) {
  const { original, shown, changes, ownWeights, closed, onChange } = props;
  const { t } = useText();
  if (closed) return <p class="muted">{closed}</p>;
  const convolution = shown.convolution;
  const change = (more: Changes): void => onChange({ ...changes, ...more });
  return (
    <fieldset class="convolve-variant">
      <legend class="unseen">{t("convolve-variant")}</legend>
      <Stepper
        label={t("convolve-kernel-size")}
        values={changes.kernel_size ?? convolution.kernel_size}
        most={31}
        onChange={(kernel_size) => change({ kernel_size })}
      />
      <Stepper
        label={t("convolve-strides")}
        values={changes.strides ?? convolution.strides}
        most={16}
        onChange={(strides) => change({ strides })}
      />
      <Stepper
        label={t("convolve-dilation")}
        values={changes.dilation_rate ?? convolution.dilation_rate}
        most={16}
        onChange={(dilation_rate) => change({ dilation_rate })}
      />
      <Labelled label={t("convolve-padding")}>
        <Segmented
          label={t("convolve-padding")}
          options={[
            { value: "valid", text: t("convolve-padding-valid") },
            { value: "same", text: t("convolve-padding-same") },
          ]}
          value={changes.padding ?? paddingOf(convolution)}
          onChange={(padding) => change({ padding })}
        />
      </Labelled>
      {!original.convolution.transposed && (
        <SharingControls original={original} shown={shown} changes={changes} change={change} />
      )}
      {isChanged(changes) && (
        <>
          <button type="button" class="button" onClick={() => onChange({})}>
            {t("convolve-as-it-is")}
          </button>
          <p class="convolve-changed small" role="status">
            {t(ownWeights ? "convolve-own-weights" : "convolve-new-weights")}
          </p>
        </>
      )}
    </fieldset>
  );
}

interface SharingControlsProps {
  original: ConvolutionNode;
  shown: ConvolutionNode;
  changes: Changes;
  change(more: Changes): void;
}

function SharingControls({ original, shown, changes, change }: SharingControlsProps) {
  const { t } = useText();
  const { in_channels, filters } = original.convolution;
  const groups = possibleGroups(in_channels, filters).filter((count) => count > 1);
  const sharing = changes.sharing ?? shown.convolution.sharing;
  const options: { value: Sharing; text: string; title: string; disabled?: boolean }[] = [
    { value: "none", text: t("sharing-own"), title: t("sharing-own-means") },
    { value: "across_input_channels", text: t("sharing-across"), title: t("sharing-across-means") },
    { value: "depthwise", text: t("sharing-depthwise"), title: t("sharing-depthwise-means") },
    {
      value: "grouped",
      text: t("sharing-grouped"),
      title: t("sharing-grouped-means"),
      disabled: groups.length === 0,
    },
    { value: "separable", text: t("sharing-separable"), title: t("sharing-separable-means") },
  ];
  return (
    <>
      <Labelled label={t("convolve-sharing")}>
        <Segmented
          label={t("convolve-sharing")}
          options={options}
          value={sharing}
          onChange={(value) => change(sharingChange(value, groups))}
        />
      </Labelled>
      {sharing === "grouped" && (
        <Labelled label={t("convolve-groups")}>
          <select
            class="field"
            aria-label={t("convolve-groups")}
            value={String(changes.groups ?? shown.convolution.groups)}
            onChange={(event) =>
              change({ sharing: "grouped", groups: Number(event.currentTarget.value) })
            }
          >
            {groups.map((count) => (
              <option key={count} value={String(count)}>
                {count}
              </option>
            ))}
          </select>
        </Labelled>
      )}
    </>
  );
}

/** Groups go with grouped kernels only; the fewest that there can be come first. */
function sharingChange(sharing: Sharing, groups: number[]): Changes {
  return sharing === "grouped" ? { sharing, groups: groups[0] ?? 1 } : { sharing, groups: 1 };
}

interface StepperProps {
  label: string;
  values: readonly number[];
  most: number;
  onChange(values: number[]): void;
}

/** One number for all axes, a step up or down; axes that differ move together. */
function Stepper({ label, values, most, onChange }: StepperProps) {
  const { t } = useText();
  const step = (by: number): void =>
    onChange(values.map((value) => Math.max(1, Math.min(most, value + by))));
  return (
    <Labelled label={label}>
      <span class="convolve-stepper" role="group" aria-label={label}>
        <button
          type="button"
          aria-label={t("convolve-less", { what: label })}
          disabled={values.every((value) => value <= 1)}
          onClick={() => step(-1)}
        >
          −
        </button>
        <output class="number">{sizes(values)}</output>
        <button
          type="button"
          aria-label={t("convolve-more", { what: label })}
          disabled={values.every((value) => value >= most)}
          onClick={() => step(1)}
        >
          +
        </button>
      </span>
    </Labelled>
  );
}

function Labelled({ label, children }: { label: string; children: ComponentChildren }) {
  return (
    <div class="convolve-labelled">
      <span class="small muted" aria-hidden="true">
        {label}
      </span>
      {children}
    </div>
  );
}

/** 3×3 */
export function sizes(values: readonly number[]): string {
  return values.join("×");
}
