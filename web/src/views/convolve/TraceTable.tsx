import { useState } from "preact/hooks";
import type { Trace } from "../../api/types";
import { exact } from "../../drawing/numbers";
import { useText } from "../../i18n/text";
import { formatPosition } from "./Equation";
import type { Met } from "./geometry";
import type { ChannelNumbers } from "./grids";
import { positionAt } from "./geometry";

interface TraceTableProps {
  trace: Trace;
  channels: ChannelNumbers[];
  met: readonly Met[];
  name(place: number): string;
}

/** Tables of more rows than this would only slow the page down; the file holds them all. */
const MOST_ROWS = 2000;

/** All numbers of the trace in words and rows: the text alternative of the stage. */
export function TraceTable({ trace, channels, met, name }: TraceTableProps) {
  const { t } = useText();
  const [open, setOpen] = useState(false);
  return (
    <details
      class="convolve-table"
      open={open}
      onToggle={(event) => setOpen(event.currentTarget.open)}
    >
      <summary>{t("convolve-table")}</summary>
      {open && (
        <div
          class="convolve-table-scroll"
          tabIndex={0}
          role="region"
          aria-label={t("convolve-table")}
        >
          <table class="table">
            <caption class="unseen">
              {t("convolve-table-caption", { filter: trace.filter, at: formatPosition(trace.at) })}
            </caption>
            <thead>
              <tr>
                <th scope="col">{t("convolve-channel")}</th>
                <th scope="col">{t("convolve-kernel-cell")}</th>
                <th scope="col">{t("convolve-input-position")}</th>
                <th scope="col" class="amount">
                  {t("convolve-input-value")}
                </th>
                <th scope="col" class="amount">
                  {t("convolve-weight")}
                </th>
                <th scope="col" class="amount">
                  {t("convolve-product")}
                </th>
              </tr>
            </thead>
            <tbody>
              {rowsOf(channels)
                .slice(0, MOST_ROWS)
                .map(({ channel, cell }) => (
                  <tr key={`${channel.place} ${cell}`}>
                    <th scope="row">{name(channel.place)}</th>
                    <td>{formatPosition(positionAt(cell, channel.sizes))}</td>
                    <td>{place(met[cell], t("convolve-padding-cell"))}</td>
                    <Amount value={channel.patch[cell]} />
                    <Amount value={channel.kernel[cell]} />
                    <Amount value={channel.products[cell]} />
                  </tr>
                ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function rowsOf(channels: ChannelNumbers[]): { channel: ChannelNumbers; cell: number }[] {
  return channels.flatMap((channel) => channel.kernel.map((_, cell) => ({ channel, cell })));
}

function place(met: Met | undefined, padding: string): string {
  if (!met || met.kind === "between") return "–";
  return met.kind === "outside" ? padding : formatPosition(met.position);
}

function Amount({ value = NaN }: { value: number | undefined }) {
  return (
    <td class="amount" data-value={value}>
      {exact(value)}
    </td>
  );
}
