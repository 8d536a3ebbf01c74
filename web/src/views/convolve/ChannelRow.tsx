import { useMemo } from "preact/hooks";
import { dark } from "../../app/theme";
import { exact } from "../../drawing/numbers";
import { useText } from "../../i18n/text";
import type { Met } from "./geometry";
import { channelGrids, type ChannelScales } from "./channel-grids";
import type { ChannelNumbers } from "./grids";
import { NumberGridView } from "./NumberGridView";

interface ChannelRowProps {
  channel: ChannelNumbers;
  name: string;
  scales: ChannelScales;
  cell: number;
  /** The colour of the kernel: equal colours are the same weights. */
  kernelColour: string;
  /** What each cell of the kernel meets. */
  met: readonly Met[];
  chosenCell: number | null;
  shown: boolean;
  onPoint(cell: number | null): void;
  onShow(): void;
}

/** One input channel: its patch times its kernel is its products, and they add up. */
export function ChannelRow(props: ChannelRowProps) {
  const { channel, name, cell, kernelColour, shown, onPoint, onShow } = props;
  const { t } = useText();
  const isDark = dark.value;
  const { scales, met, chosenCell } = props;
  const grids = useMemo(
    () => channelGrids(channel, { scales, cell, kernelColour, met, chosenCell, isDark }),
    [channel, scales, cell, kernelColour, met, chosenCell, isDark],
  );
  const { trace } = channel;
  return (
    <li class="convolve-channel" data-shown={shown} data-channel={trace.channel}>
      <button type="button" class="convolve-channel-name" aria-pressed={shown} onClick={onShow}>
        <span class="convolve-swatch" style={{ background: kernelColour }} />
        {name}
      </button>
      <div class="convolve-product">
        <NumberGridView
          label={t("convolve-patch-of", { name })}
          grid={grids.patch}
          onPoint={onPoint}
        />
        <span class="convolve-sign">×</span>
        <NumberGridView
          label={t("convolve-kernel-of", { name })}
          grid={grids.kernel}
          onPoint={onPoint}
        />
        <span class="convolve-sign">=</span>
        <NumberGridView
          label={t("convolve-products-of", { name })}
          grid={grids.products}
          onPoint={onPoint}
        />
        <p class="convolve-channel-sum">
          <span class="muted small">{t("convolve-sum-of-products")}</span>
          <b class="number" data-value={trace.sum} data-sign={Math.sign(trace.sum)}>
            {exact(trace.sum)}
          </b>
          {trace.pointwise_weight !== undefined && (
            <span class="small number">
              {`× ${exact(trace.pointwise_weight)}`}
              <br />
              <b data-value={trace.adds}>{`= ${exact(trace.adds)}`}</b>
            </span>
          )}
        </p>
      </div>
      {cell > 0 && trace.outside + trace.between > 0 && (
        <p class="small muted">
          {[
            trace.outside > 0 ? t("convolve-outside", { count: trace.outside }) : "",
            trace.between > 0 ? t("convolve-between", { count: trace.between }) : "",
          ]
            .filter(Boolean)
            .join(" ")}
        </p>
      )}
    </li>
  );
}
