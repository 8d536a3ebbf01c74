/**
 * The JSON of `/api/v1`, as the server writes it. Tensors are not JSON: they come as little-endian 32-bit floats with
 * their shape in the header `x-dichroic-shape` ("32,3,5,5").
 *
 * Shapes leave out the batch; an open size is null. Layers are named by path ("backbone/conv2d").
 */

export type Shape = (number | null)[];

/** An answer that is no success: status 4xx or 5xx. */
export interface Problem {
  /** A stable word: `not_found`, `bad_request`, `script`, `model`, `too_large`, `busy`, `forbidden`, `failed`. */
  kind: string;
  message: string;
  help: string | null;
  /** Places in pasted code. */
  diagnostics: Diagnostic[];
}

/** Lines and columns count from 1; the end is after the last character. */
export interface Diagnostic {
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  message: string;
  hint: string | null;
}

/** GET /session: what the page starts from. */
export interface Session {
  version: string;
  /** The language that `--lang` asked for; null leaves it to the browser. */
  language: string | null;
  models: ModelEntry[];
  default_model: string;
  inputs: InputEntry[];
  /** Names that a training can take: photos, fashion, … */
  data_sets: string[];
  /** The job of `dichroic train --explore`. */
  training_job: string | null;
  limits: { code_bytes: number; picture_bytes: number; model_bytes: number };
  /** True in a page that `--export` wrote: there is no server to ask. */
  exported: boolean;
  /** In an exported page: sentences that say what was left out. */
  left_out: string[];
}

export interface ModelEntry {
  id: string;
  name: string;
  source: "argument" | "paste" | "upload" | "variant" | "training";
  parameters: number;
  /** The Keras code, where there is some. */
  code: string | null;
  /** Grows whenever the weights change (while training). */
  version: number;
}

export interface InputEntry {
  id: string;
  name: string;
  kind: "embedded" | "image" | "upload" | "drawing" | "made_up" | "layer_input" | "sample";
  /** The model that a `layer_input` belongs to; null for one that suits any. */
  model: string | null;
  /** The true class, where it is known. */
  label: string | null;
}

/** GET /models/{model}?lang= */
export interface ModelDescription extends ModelEntry {
  class_name: string;
  input_shapes: Shape[];
  output_shapes: Shape[];
  class_names: string[];
  totals: {
    parameters: number;
    trainable: number;
    non_trainable: number;
    macs: number | null;
    activation_bytes: number | null;
  };
  nodes: ModelNode[];
  /** From node to node, by index. */
  edges: { from: number; to: number }[];
  groups: Group[];
  /** The input that the page shows first. */
  default_input: string;
}

/**
 * POST /models with Keras code as JSON, or a model file (.keras, .h5, .onnx) as `application/octet-stream`; the answer is a ModelDescription.
 * The same code (or file) gets the same id again.
 */
export interface PasteRequest {
  /** A script, or one expression such as `Conv2D(56, 4)`. */
  code: string;
  /** For code that gives no input shape; without the batch. */
  input_shape?: number[];
}

/** One call of a layer; nested models are spread out. */
export interface ModelNode {
  index: number;
  layer: string;
  name: string;
  type: string;
  input_shape: Shape | null;
  output_shape: Shape | null;
  parameters: number;
  formula: string;
  macs: number | null;
  activation_bytes: number | null;
  receptive_field: number[] | null;
  output_stride: number[] | null;
  trainable: boolean | null;
  convolution: ConvolutionInfo | null;
  /** The innermost group that it belongs to. */
  group: number | null;
}

export interface ConvolutionInfo {
  rank: number;
  sharing: Sharing;
  in_channels: number;
  filters: number;
  channels_per_filter: number;
  groups: number;
  kernel_size: number[];
  strides: number[];
  dilation_rate: number[];
  /** Zeros before and after each axis; cells cut off, if transposed. */
  padding: [number, number][];
  transposed: boolean;
  activation: string;
  bias: boolean;
}

export type Sharing = "none" | "across_input_channels" | "depthwise" | "grouped" | "separable";

/** Layers that belong together: a nested model, a residual or inception block, a repeated chain. */
export interface Group {
  id: number;
  name: string;
  kind: "model" | "block" | "chain";
  parent: number | null;
  /** Nodes directly inside, those of groups inside left out. */
  nodes: number[];
  parameters: number;
  macs: number | null;
}

/** GET /models/{model}/layer?layer=&lang= : `dichroic explain --json` of the layer. */
export interface LayerExplanation {
  layer: string;
  type: string;
  input_shape: Shape | Shape[] | null;
  output_shape: Shape | Shape[] | null;
  filters: number | null;
  kernels: number | null;
  weights_per_kernel: number | null;
  weights_per_filter: number | null;
  stages?: { stage: string; filters: number; kernels: number; weights_per_kernel: number; weights_per_filter: number; weights: number }[];
  weights: number;
  biases: number;
  parameters: number;
  formula: string;
  macs: number | null;
  terms: { weight: string; count: number; formula: string; trainable: boolean }[];
  convolution: Omit<ConvolutionInfo, "filters" | "bias"> | null;
  notes: { about: string; lines: string[] }[];
}

/** GET /models/{model}/filters?layer= ; the weights come from /kernels?layer=, shape (filters, channels_per_filter, kernel…). */
export interface FilterMatrix {
  layer: string;
  rank: number;
  kernel_size: number[];
  filters: number;
  channels_per_filter: number;
  in_channels: number;
  groups: number;
  sharing: Sharing;
  transposed: boolean;
  /** `depthwise` or `pointwise` of a separable convolution, whose stages are asked for one by one (&stage=). */
  stage: string | null;
  stages: string[];
  minimum: number;
  maximum: number;
  /** The end of the symmetric colour scale. */
  largest_absolute: number;
  /** Whether the filters see a picture's red, green and blue. */
  rgb: boolean;
  /** The input channels that each filter sees: filter f sees channels first_channel[f] .. + channels_per_filter. */
  first_channel: number[];
  statistics: FilterStatistics[];
  /** Filters in the order of each: largest norm first; neighbours most alike; most zeros first. */
  orders: { norm: number[]; similarity: number[]; sparsity: number[] };
}

export interface FilterStatistics {
  filter: number;
  bias: number | null;
  /** √Σw² */
  norm: number;
  mean: number;
  minimum: number;
  maximum: number;
  /** The share of weights that are nearly zero: below a hundredth of the layer's largest. */
  sparsity: number;
  /** All weights nearly zero. */
  dead: boolean;
  /** An earlier filter with the same weights (cosine above 0.999), sign and scale apart. */
  duplicate_of: number | null;
}

/** GET /models/{model}/trace?layer=&filter=&at=12,3&input= : the trace of `dichroic explain --json`. */
export interface Trace {
  layer: string;
  type: string;
  filter: number;
  at: number[];
  dilation_rate: number[];
  transposed: boolean;
  channels: ChannelTrace[];
  sum: number;
  bias: number | null;
  total: number;
  activation: string;
  value: number;
  executor: number;
  difference: number;
  tolerance: number;
}

export type Nested = number[] | Nested[];

export interface ChannelTrace {
  channel: number;
  from: number[] | null;
  patch: Nested;
  outside: number;
  between: number;
  kernel: Nested;
  products: Nested;
  sum: number;
  pointwise_weight?: number;
  adds: number;
}

/** GET /models/{model}/feature-maps?input= ; the values come from /values?layer=&input=&of=output|input (&channel=), shape (space…, channels). */
export interface FeatureMaps {
  model: string;
  input: string;
  layers: LayerMaps[];
  outputs: { name: string; probabilities: boolean; scores: { index: number; class_name: string | null; score: number }[] }[];
}

export interface LayerMaps {
  layer: string;
  type: string;
  shape: number[];
  minimum: number;
  maximum: number;
  mean: number;
  /** The share of values that are exactly zero. */
  zeros: number;
  /** The share of values where the activation is flat (ReLU's zeros, the ends of sigmoid, tanh, ReLU6); null without an activation. */
  saturated: number | null;
  /** The convolution whose filter k made map k; null where channels were mixed since. */
  made_by: string | null;
  channels: { minimum: number; maximum: number; mean: number; zeros: number }[];
}

/** POST /models/{model}/variants: the layer alone, changed, on the input that it sees in the model. */
export interface VariantRequest {
  layer: string;
  input: string;
  changes: {
    filters?: number;
    kernel_size?: number[];
    strides?: number[];
    padding?: "valid" | "same";
    dilation_rate?: number[];
    groups?: number;
    use_bias?: boolean;
    sharing?: Sharing;
  };
}

export interface VariantAnswer {
  model: ModelDescription;
  layer: string;
  input: InputEntry;
  /** Whether the weights are the layer's own (their shape did not change) or drawn anew. */
  own_weights: boolean;
}

/** GET /models/{model}/what-if?layer= */
export interface WhatIf {
  layer: string;
  type: string;
  input_shape: Shape | null;
  variants: WhatIfVariant[];
  left_out: string[];
}

export interface WhatIfVariant {
  name: string;
  type: string;
  sharing: Sharing;
  as_it_is: boolean;
  params: number;
  formula: string;
  macs: number | null;
  output_shape: Shape | null;
  test_accuracy?: number;
  seconds?: number;
}

/** POST /jobs */
export type JobRequest =
  | { kind: "attribution"; model: string; input: string; method: AttributionMethod; class?: number; layer?: string; samples?: number; steps?: number; window?: number; stride?: number }
  | { kind: "maximal_input"; model: string; layer: string; filter: number; steps?: number; rate?: number; seed?: number }
  | { kind: "what_if"; model: string; layer: string; data: string; epochs: number; seed?: number }
  | { kind: "training"; model: string; data: string; epochs: number; batch_size?: number; optimizer?: string; learning_rate?: number; seed?: number };

export type AttributionMethod = "grad_cam" | "grad_cam_plus_plus" | "saliency" | "smooth_grad" | "integrated_gradients" | "occlusion";

/** GET /jobs/{job}; its events come from /jobs/{job}/events, its tensors from /jobs/{job}/tensors/{name}; POST /jobs/{job}/cancel stops, POST /jobs/{job}/resume goes on with a training. */
export interface Job {
  id: string;
  kind: JobRequest["kind"];
  request: JobRequest;
  state: "running" | "done" | "failed" | "cancelled";
  /** From 0 to 1; null where the end is not known. */
  progress: number | null;
  result: unknown;
  problem: Problem | null;
  tensors: { name: string; shape: number[]; version: number }[];
}

/** The result of an attribution; its map is the tensor `map` (height, width). */
export interface Attribution {
  method: AttributionMethod;
  class: number;
  class_name: string | null;
  /** The model's output for the class. */
  score: number;
  /** Where the score was taken that is differentiated, or compared by occlusion. */
  score_of: "before_softmax" | "before_sigmoid" | "output";
  /** The layer whose maps Grad-CAM weighs: by default the last convolution with what follows it on the same positions. */
  layer: string | null;
  minimum: number;
  maximum: number;
  /** Of integrated gradients: the sum of the map and the difference of scores that it should be. */
  completeness: { sum: number; expected: number } | null;
}

/** Server-sent events of a job: the event's name is `type`. Old events are sent again to a page that comes late (of steps only every n-th). */
export type JobEvent =
  | { type: "state"; job: Job }
  | { type: "progress"; progress: number | null; message: string | null }
  | { type: "tensor"; name: string; version: number }
  | MaximalInputEvent
  | WhatIfEvent
  | TrainingEvent;

export type MaximalInputEvent = { type: "ascent"; step: number; steps: number; activation: number };

export type WhatIfEvent =
  | { type: "variant_epoch"; variant: number; epoch: number; epochs: number; logs: Record<string, number> }
  | { type: "variant_done"; variant: number; test_accuracy: number | null; seconds: number }
  /** The layers after it can't take its output, so it is not trained. */
  | { type: "variant_refused"; variant: number; reason: string };

export type TrainingEvent =
  | { type: "step"; epoch: number; step: number; steps: number; logs: Record<string, number>; learning_rate: number }
  | { type: "epoch"; epoch: number; epochs: number; logs: Record<string, number>; learning_rate: number; seconds: number }
  | { type: "weights"; model: string; version: number; epoch: number; step: number }
  | { type: "histograms"; epoch: number; step: number; layers: { layer: string; weight: string; values: Histogram; gradient: Histogram | null }[] }
  | { type: "evaluation"; epoch: number; classes: string[]; confusion: number[][]; mistakes: Mistake[] };

export interface Histogram {
  minimum: number;
  maximum: number;
  mean: number;
  deviation: number;
  counts: number[];
}

export interface Mistake {
  /** An input that every view can show. */
  input: string;
  truth: number;
  predicted: number;
  /** The probability given to the wrong class. */
  score: number;
}
