import type { ConvolutionInfo, Trace } from "../../api/types";
import type { Text } from "../../i18n/text";

/** How many kernels a filter has, by the way in which they are shared. */
export function filterTitle(
  t: Text,
  trace: Pick<Trace, "filter" | "channels">,
  { sharing }: Pick<ConvolutionInfo, "sharing">,
): string {
  const words = { filter: trace.filter, count: trace.channels.length };
  switch (sharing) {
    case "across_input_channels":
      return t("convolve-filter-shared", words);
    case "separable":
      return t("convolve-filter-separable", words);
    case "grouped":
      return t("convolve-filter-grouped", words);
    case "none":
    case "depthwise":
      return t("convolve-filter-kernels", words);
  }
}
