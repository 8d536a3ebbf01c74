import { dark } from "../../app/theme";

/** What a layer does, as a person would sort layers. */
export type Kind =
  | "input"
  | "convolution"
  | "dense"
  | "pooling"
  | "normalization"
  | "activation"
  | "merge"
  | "shape"
  | "regularization"
  | "other";

/** The first pattern that fits a layer's type names its kind. */
const PATTERNS: [RegExp, Kind][] = [
  [/^Input/, "input"],
  [/Conv/, "convolution"],
  [/Dense|^Embedding/, "dense"],
  [/Pool/, "pooling"],
  [/Dropout|Noise|ActivityRegularization/, "regularization"],
  [/Norm/, "normalization"],
  [/^Activation$|ReLU|^ELU$|Softmax/, "activation"],
  [/^(Add|Subtract|Multiply|Average|Maximum|Minimum|Concatenate|Dot)$/, "merge"],
  [/Flatten|Reshape|Permute|Repeat|Padding|Cropping|UpSampling|Rescaling|Resizing/, "shape"],
];

export function kindOf(type: string): Kind {
  return PATTERNS.find(([pattern]) => pattern.test(type))?.[1] ?? "other";
}

const COLOURS: Record<Kind, readonly [light: string, dark: string]> = {
  input: ["#5b6770", "#b9c4cc"],
  convolution: ["#0b7285", "#4cc9d8"],
  dense: ["#6741d9", "#b197fc"],
  pooling: ["#d9480f", "#ff9a4d"],
  normalization: ["#4f6d8f", "#8fb3d9"],
  activation: ["#2b8a3e", "#6fd487"],
  merge: ["#c2255c", "#f783ac"],
  shape: ["#8a6a13", "#dcbc63"],
  regularization: ["#7a8088", "#9aa2ab"],
  other: ["#364fc7", "#91a7ff"],
};

export function kindColour(kind: Kind): string {
  return COLOURS[kind][dark.value ? 1 : 0];
}

/** Messages that name the kinds. */
export const KIND_NAMES: Record<Kind, string> = {
  input: "kind-input",
  convolution: "kind-convolution",
  dense: "kind-dense",
  pooling: "kind-pooling",
  normalization: "kind-normalization",
  activation: "kind-activation",
  merge: "kind-merge",
  shape: "kind-shape",
  regularization: "kind-regularization",
  other: "kind-other",
};
