import type { Api } from "../../api/client";
import type { LayerExplanation, ModelNode } from "../../api/types";
import { useResource } from "../../app/resource";
import { formatCount, formatShape } from "../../i18n/format";
import { useText } from "../../i18n/text";
import { sizes } from "./VariantControls";
import type { ConvolutionNode, Subject } from "./subject";
import { tiesOf } from "./ties";

interface CountsProps {
  api: Api;
  subject: Subject;
  original: ConvolutionNode;
}

/** Shapes and counts with their formulas, beside those of the layer as the model has it. */
export function Counts({ api, subject, original }: CountsProps) {
  const { t, language } = useText();
  const { model, node, changed } = subject;
  // Formulas have words, which speak the page's language.
  const { data: explained } = useResource(
    `${model.id} ${model.version} ${node.layer} ${language}`,
    () =>
      api.get<LayerExplanation>(`/models/${model.id}/layer`, { layer: node.layer, lang: language }),
  );
  const formula = explained?.layer === node.layer ? explained.formula : node.formula;
  const kernels = (of: ConvolutionNode): number => tiesOf(of.convolution).kernels;
  return (
    <dl class="convolve-counts">
      <Count
        label={t("convolve-output-shape")}
        value={formatShape(node.output_shape)}
        before={changed ? formatShape(original.output_shape) : null}
      >
        {outputFormula(node)}
      </Count>
      <Count
        label={t("convolve-kernels")}
        value={formatCount(kernels(node))}
        before={changed ? formatCount(kernels(original)) : null}
      >
        {t("convolve-kernel-each", { size: sizes(node.convolution.kernel_size) })}
      </Count>
      <Count
        label={t("convolve-parameters")}
        value={formatCount(node.parameters)}
        before={changed ? formatCount(original.parameters) : null}
      >
        {formula}
      </Count>
      {node.macs !== null && (
        <Count
          label={t("convolve-macs")}
          value={formatCount(node.macs)}
          before={changed && original.macs !== null ? formatCount(original.macs) : null}
        >
          {t("convolve-macs-means")}
        </Count>
      )}
    </dl>
  );
}

interface CountProps {
  label: string;
  value: string;
  /** What it is in the model; null where nothing was changed. */
  before: string | null;
  children: string;
}

function Count({ label, value, before, children }: CountProps) {
  const { t } = useText();
  const differs = before !== null && before !== value;
  return (
    <div class="convolve-count">
      <dt class="small muted">{label}</dt>
      <dd>
        <b class="number">{value}</b>
        <span class="convolve-formula small">{children}</span>
        {differs && (
          <span class="convolve-before small">{t("convolve-before", { value: before })}</span>
        )}
      </dd>
    </div>
  );
}

/** How the first axis of the output comes about; its value is the library's. */
export function outputFormula(node: ConvolutionNode | ModelNode): string {
  const convolution = node.convolution;
  const input = node.input_shape?.[0];
  const output = node.output_shape?.[0];
  if (!convolution || typeof input !== "number" || typeof output !== "number") return "";
  const [before, after] = convolution.padding[0] ?? [0, 0];
  const size = convolution.kernel_size[0] ?? 1;
  const rate = convolution.dilation_rate[0] ?? 1;
  const stride = convolution.strides[0] ?? 1;
  const reach = rate === 1 ? `${size - 1}` : `${rate}·(${size} − 1)`;
  if (convolution.transposed)
    return `(${input} − 1)·${stride} + ${reach} + 1 − ${before} − ${after} → ${output}`;
  return `⌊(${input} + ${before} + ${after} − ${reach} − 1) / ${stride}⌋ + 1 = ${output}`;
}
