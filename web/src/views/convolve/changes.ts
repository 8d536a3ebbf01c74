import type { ConvolutionInfo, Sharing, VariantRequest } from "../../api/types";

export type Changes = VariantRequest["changes"];

const SHARINGS: readonly Sharing[] = [
  "none",
  "across_input_channels",
  "depthwise",
  "grouped",
  "separable",
];

/** Reads `kernel=5,5&strides=2,2&padding=same&dilation=1,1&groups=2&sharing=depthwise` from the address. */
export function readChanges(params: Record<string, string>): Changes {
  const changes: Changes = {};
  const kernel = sizes(params.kernel);
  const strides = sizes(params.strides);
  const dilation = sizes(params.dilation);
  const groups = sizes(params.groups)?.[0];
  const sharing = SHARINGS.find((known) => known === params.sharing);
  if (kernel) changes.kernel_size = kernel;
  if (strides) changes.strides = strides;
  if (dilation) changes.dilation_rate = dilation;
  if (params.padding === "valid" || params.padding === "same") changes.padding = params.padding;
  if (groups !== undefined) changes.groups = groups;
  if (sharing) changes.sharing = sharing;
  return changes;
}

/** The address parameters of changes; what isn't changed is empty, which takes it out of the address. */
export function writeChanges(changes: Changes): Record<string, string> {
  const list = (values: number[] | undefined): string => values?.join(",") ?? "";
  return {
    kernel: list(changes.kernel_size),
    strides: list(changes.strides),
    padding: changes.padding ?? "",
    dilation: list(changes.dilation_rate),
    groups: changes.groups === undefined ? "" : String(changes.groups),
    sharing: changes.sharing ?? "",
  };
}

export function isChanged(changes: Changes): boolean {
  return Object.keys(changes).length > 0;
}

/** Changes without those that say what the layer is anyway. */
export function onlyDifferences(changes: Changes, layer: ConvolutionInfo): Changes {
  const same: Changes = {
    kernel_size: layer.kernel_size,
    strides: layer.strides,
    dilation_rate: layer.dilation_rate,
    groups: layer.groups,
    sharing: layer.sharing,
    padding: paddingOf(layer),
  };
  return Object.fromEntries(
    Object.entries(changes).filter(
      ([key, value]) => String(value) !== String(same[key as keyof Changes]),
    ),
  );
}

/** Keras's word for the padding: without zeros around it is "valid". */
export function paddingOf({ padding }: Pick<ConvolutionInfo, "padding">): "valid" | "same" {
  return padding.every(([before, after]) => before === 0 && after === 0) ? "valid" : "same";
}

/** The numbers of groups that divide both channels and filters. */
export function possibleGroups(channels: number, filters: number): number[] {
  const groups: number[] = [];
  for (let count = 1; count <= Math.min(channels, filters); count += 1)
    if (channels % count === 0 && filters % count === 0) groups.push(count);
  return groups;
}

function sizes(text: string | undefined): number[] | undefined {
  if (!text || !/^\d+(,\d+)*$/.test(text)) return undefined;
  const numbers = text.split(",").map(Number);
  return numbers.every((number) => number >= 1 && number < 1000) ? numbers : undefined;
}
