import { useMemo } from "preact/hooks";
import type { Trace } from "../../api/types";
import { dark } from "../../app/theme";
import { Canvas } from "../../components/Canvas";
import { colours } from "../../drawing/colours";
import { exact } from "../../drawing/numbers";
import { colourOf, cssColour, divergingScale } from "../../drawing/palette";
import type { Drawing } from "../../drawing/surface";
import { useText } from "../../i18n/text";
import { runningSums } from "./waterfall";

interface ContributionsProps {
  trace: Trace;
  /** Places of channels in the order in which they stand. */
  order: readonly number[];
  shown: number;
  name(place: number): string;
  onShow(place: number): void;
}

/** What each channel adds, one after the other: from zero to the sum, then the bias. */
export function Contributions({ trace, order, shown, name, onShow }: ContributionsProps) {
  const { t } = useText();
  const inks = colours.value;
  const isDark = dark.value;
  const bars = useMemo(
    () => runningSums([...order.map((place) => trace.channels[place]?.adds ?? 0), trace.bias ?? 0]),
    [trace, order],
  );
  const draw = (size: { width: number; height: number }): Drawing => ({
    ...size,
    draw(surface) {
      const ends = [0, ...bars.flatMap(({ from, to }) => [from, to])];
      const [low, high] = [Math.min(...ends), Math.max(...ends)];
      const span = high > low ? high - low : 1;
      const y = (value: number): number => 6 + ((high - value) / span) * (size.height - 12);
      const width = size.width / bars.length;
      const scale = divergingScale(
        Math.max(...bars.map(({ from, to }) => Math.abs(to - from))),
        isDark,
      );
      bars.forEach(({ from, to }, place) => {
        const [top, bottom] = [y(Math.max(from, to)), y(Math.min(from, to))];
        const gap = width > 6 ? Math.min(3, width * 0.12) : 0;
        const isBias = place === bars.length - 1;
        if (order[place] === shown)
          surface.rect(place * width, 0, width, size.height, { fill: inks.accentSoft });
        surface.rect(place * width + gap, top, width - 2 * gap, Math.max(1.5, bottom - top), {
          fill: isBias ? inks.muted : cssColour(colourOf(scale, to - from)),
          stroke: width > 6 ? inks.ink : undefined,
          width: 0.5,
        });
        if (place + 1 < bars.length)
          surface.path(
            [
              [(place + 1) * width - gap, y(to)],
              [(place + 1) * width + gap, y(to)],
            ],
            { stroke: inks.muted },
          );
      });
      surface.path(
        [
          [0, y(0)],
          [size.width, y(0)],
        ],
        { stroke: inks.muted, dash: [3, 3] },
      );
    },
  });
  const choose = (offsetX: number, width: number): void => {
    const place = order[Math.floor((offsetX / width) * bars.length)];
    if (place !== undefined) onShow(place);
  };
  return (
    <div class="convolve-contributions">
      <p class="small muted">{t("convolve-contributions")}</p>
      <div class="convolve-contributions-canvas">
        <Canvas
          label={t("convolve-contributions-label", {
            channel: name(shown),
            adds: exact(trace.channels[shown]?.adds ?? 0),
            sum: exact(trace.sum),
          })}
          draw={(surface, size) => draw(size).draw(surface)}
          onClick={(event) => choose(event.offsetX, event.currentTarget.clientWidth)}
        />
      </div>
    </div>
  );
}
