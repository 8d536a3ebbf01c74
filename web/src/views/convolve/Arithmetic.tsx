import { useMemo, useRef, useState } from "preact/hooks";
import type { ConvolutionInfo, Trace } from "../../api/types";
import { dark } from "../../app/theme";
import { Segmented } from "../../components/Segmented";
import { exact, signed } from "../../drawing/numbers";
import type { Scale } from "../../drawing/palette";
import { useWidth } from "../../drawing/width";
import { useText } from "../../i18n/text";
import { scalesOf } from "./channel-grids";
import { ChannelRow } from "./ChannelRow";
import { Contributions } from "./Contributions";
import { FEW, ordered, pageOf, restOf, type Order } from "./contributions-order";
import { formatPosition } from "./Equation";
import { filterTitle } from "./filter-title";
import { positionAt, type Met } from "./geometry";
import { cellSize, channelsOnPage, numbersOf, type ChannelNumbers } from "./grids";
import { colourOfKernel, tiesOf } from "./ties";

interface ArithmeticProps {
  trace: Trace;
  convolution: ConvolutionInfo;
  met: readonly Met[];
  /** The scale of the input's values. */
  scale: Scale;
  /** The input channel that the input is shown by. */
  shown: number;
  /** The kernel's cell that is pointed at. */
  cell: number | null;
  /** Whether the channels keep their places for now. */
  still: boolean;
  name(place: number): string;
  onCell(cell: number | null): void;
  onShow(channel: number): void;
}

/** The height that rows of channels may take. */
const ROOM = 480;

/** Channel by channel: patch × kernel = products, and what each channel adds. */
export function Arithmetic(props: ArithmeticProps) {
  const { trace, convolution, met, scale, shown, cell, still, name, onCell, onShow } = props;
  const { t } = useText();
  const [place, width] = useWidth<HTMLDivElement>();
  const many = trace.channels.length > FEW;
  const [order, setOrder] = useState<Order>("strength");
  const [page, setPage] = useState(0);
  const channels = useMemo(() => numbersOf(trace), [trace]);
  const sizes = channels[0]?.sizes ?? [1];
  const size = cellSize(sizes, width);
  const sorted = ordered(trace.channels, many ? order : "channel");
  // While the window moves by itself, rows that change places could not be followed.
  const before = useRef(sorted);
  const places = still && before.current.length === sorted.length ? before.current : sorted;
  before.current = places;
  const perPage = many ? channelsOnPage(sizes, size, ROOM) : FEW;
  const shownPage = pageOf(places, page, perPage);
  const rest = restOf(trace.channels, shownPage.places);
  const ties = useMemo(() => tiesOf(convolution), [convolution]);
  const isDark = dark.value;
  const scales = useMemo(() => scalesOf(channels, scale), [channels, scale]);
  const showPlace = (wanted: number): void => {
    setPage(Math.floor(places.indexOf(wanted) / perPage));
    onShow(trace.channels[wanted]?.channel ?? 0);
  };

  return (
    <div class="convolve-arithmetic" ref={place}>
      <div class="convolve-head">
        <h2>{filterTitle(t, trace, convolution)}</h2>
        {many && (
          <Segmented
            label={t("convolve-order")}
            options={[
              { value: "strength", text: t("convolve-order-strength") },
              { value: "channel", text: t("convolve-order-channel") },
            ]}
            value={order}
            onChange={(next) => {
              setOrder(next);
              setPage(0);
            }}
          />
        )}
      </div>
      <ol class="convolve-channels">
        {width > 0 &&
          shownPage.places.map((index) => {
            const channel = channels[index];
            const number = trace.channels[index]?.channel ?? 0;
            return (
              channel && (
                <ChannelRow
                  key={index}
                  channel={channel}
                  name={name(index)}
                  scales={scales}
                  cell={size}
                  kernelColour={colourOfKernel(
                    ties,
                    ties.kernelOf(number, trace.filter) ?? 0,
                    isDark,
                  )}
                  met={met}
                  chosenCell={cell}
                  shown={number === shown}
                  onPoint={onCell}
                  onShow={() => onShow(number)}
                />
              )
            );
          })}
      </ol>
      {shownPage.pages > 1 && (
        <div class="row convolve-pages">
          <button
            type="button"
            class="button"
            disabled={shownPage.page === 0}
            onClick={() => setPage(shownPage.page - 1)}
          >
            {t("convolve-stronger")}
          </button>
          <button
            type="button"
            class="button"
            disabled={shownPage.page === shownPage.pages - 1}
            onClick={() => setPage(shownPage.page + 1)}
          >
            {t("convolve-weaker")}
          </button>
          <p class="small muted" role="status">
            {t("convolve-rest", { count: rest.count, adds: signed(rest.adds) })}
          </p>
        </div>
      )}
      <p class="convolve-readout small number" aria-hidden="true">
        {cell === null ? t("convolve-point") : readout(channels, shownPage.places, { cell, shown })}
      </p>
      <Contributions
        trace={trace}
        order={places}
        shown={trace.channels.findIndex(({ channel }) => channel === shown)}
        name={name}
        onShow={showPlace}
      />
    </div>
  );
}

/** The products under the cell that is pointed at, of the channels on the page. */
function readout(
  channels: ChannelNumbers[],
  places: readonly number[],
  { cell, shown }: { cell: number; shown: number },
): string {
  const onPage = places.flatMap((place) => channels[place] ?? []);
  const channel = onPage.find(({ trace }) => trace.channel === shown) ?? onPage[0];
  if (!channel) return "";
  const [x, weight, product] = [channel.patch[cell], channel.kernel[cell], channel.products[cell]];
  if (x === undefined || weight === undefined || product === undefined) return "";
  const where = formatPosition(positionAt(cell, channel.sizes));
  return `${where}  ${exact(x)} × ${exact(weight)} = ${exact(product)}`;
}
