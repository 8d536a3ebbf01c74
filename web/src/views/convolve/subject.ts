import { useRef } from "preact/hooks";
import type { Api } from "../../api/client";
import type {
  ConvolutionInfo,
  ModelDescription,
  ModelNode,
  Problem,
  VariantAnswer,
} from "../../api/types";
import { useResource } from "../../app/resource";
import type { ValuesOf } from "../../api/values";
import { isChanged, type Changes } from "./changes";
import type { Window } from "./geometry";

/** A layer that convolves. */
export type ConvolutionNode = ModelNode & { convolution: ConvolutionInfo };

/** What is looked at: a convolution of the model as it is, or changed and alone on the input that it sees there. */
export interface Subject {
  model: ModelDescription;
  node: ConvolutionNode;
  input: string;
  /** Of a changed layer: whether its weights are the layer's own. */
  ownWeights: boolean;
  changed: boolean;
}

export interface SubjectState {
  subject: Subject;
  /** Why the wanted change can't be; what is shown is then what was shown before. */
  problem: Problem | null;
  busy: boolean;
}

interface Wanted {
  model: ModelDescription;
  node: ConvolutionNode;
  input: string;
  changes: Changes;
}

export function useSubject(api: Api, { model, node, input, changes }: Wanted): SubjectState {
  const original: Subject = { model, node, input, ownWeights: true, changed: false };
  const changed = isChanged(changes);
  const place = [model.id, model.version, node.layer, input].join(" ");
  const { data, problem, busy } = useResource(
    changed ? `${place} ${JSON.stringify(changes)}` : null,
    async () => ({
      place,
      answer: await api.post<VariantAnswer>(`/models/${model.id}/variants`, {
        layer: node.layer,
        input,
        changes,
      }),
    }),
  );
  const shown = useRef<{ place: string; subject: Subject } | null>(null);
  const variant = changed && data?.place === place ? subjectOf(data.answer) : null;
  if (!changed) shown.current = null;
  else if (variant) shown.current = { place, subject: variant };
  // While the next variant is made, or when it can't be, the last one stays.
  const last = shown.current?.place === place ? shown.current.subject : null;
  return { subject: changed ? (variant ?? last ?? original) : original, problem, busy };
}

function subjectOf({ model, layer, input, own_weights }: VariantAnswer): Subject | null {
  const node = model.nodes.find((candidate) => candidate.layer === layer);
  return node?.convolution
    ? {
        model,
        node: { ...node, convolution: node.convolution },
        input: input.id,
        ownWeights: own_weights,
        changed: true,
      }
    : null;
}

export function valuesOf({ model, node, input }: Subject, of: ValuesOf["of"]): ValuesOf {
  return { model: model.id, version: model.version, layer: node.layer, input, of };
}

/** The convolutions of a model. */
export function isConvolving(node: ModelNode | null): node is ConvolutionNode {
  return node !== null && node.convolution !== null;
}

/** Where the convolution's window lies, for values of these sizes. */
export function windowOf(
  convolution: ConvolutionInfo,
  sizes: { input: readonly number[]; output: readonly number[] },
): Window {
  return {
    inputSize: sizes.input,
    outputSize: sizes.output,
    kernelSize: convolution.kernel_size,
    strides: convolution.strides,
    dilationRate: convolution.dilation_rate,
    padding: convolution.padding,
    transposed: convolution.transposed,
  };
}
