import type { ComponentChildren } from "preact";
import { Segmented } from "../../components/Segmented";
import { Slider } from "../../components/Slider";
import { useText } from "../../i18n/text";
import { SPEEDS, type Player } from "./play";

interface PlayerBarProps {
  player: Player;
  /** The step that is shown, and how many there are. */
  step: number;
  steps: number;
  /** What else stands in the bar. */
  children: ComponentChildren;
}

/** Play, pause, single steps, speed, and whether the map is shown whole. */
export function PlayerBar({ player, step, steps, children }: PlayerBarProps) {
  const { t } = useText();
  const speed = SPEEDS.findIndex((known) => known === player.speed);
  return (
    <div class="convolve-player" role="group" aria-label={t("convolve-player")}>
      <div class="row convolve-player-buttons">
        <button
          type="button"
          class="button"
          aria-label={t("convolve-restart")}
          onClick={player.restart}
        >
          <Icon path="M5 4v12M16 4 8 10l8 6z" />
        </button>
        <button
          type="button"
          class="button"
          aria-label={t("convolve-step-back")}
          disabled={step <= 0}
          onClick={() => player.step(-1)}
        >
          <Icon path="M14 4 6 10l8 6z" />
        </button>
        <button
          type="button"
          class="button primary convolve-play"
          onClick={player.playing ? player.pause : player.play}
        >
          <Icon path={player.playing ? "M6 4h3v12H6zM12 4h3v12h-3z" : "M6 3.5 16 10 6 16.5z"} />
          {player.playing ? t("convolve-pause") : t("convolve-play")}
        </button>
        <button
          type="button"
          class="button"
          aria-label={t("convolve-step-on")}
          disabled={step >= steps - 1}
          onClick={() => player.step(1)}
        >
          <Icon path="m6 4 8 6-8 6z" />
        </button>
      </div>
      <p class="convolve-progress small muted number">
        {t("convolve-progress", { step: step + 1, steps })}
      </p>
      <Slider
        label={t("convolve-speed")}
        minimum={0}
        maximum={SPEEDS.length - 1}
        value={Math.max(0, speed)}
        shown={t("convolve-steps-a-second", { count: player.speed })}
        onChange={(place) => player.setSpeed(SPEEDS[place] ?? 2)}
      />
      <Segmented
        label={t("convolve-fill")}
        options={[
          { value: "all", text: t("convolve-fill-all") },
          { value: "so-far", text: t("convolve-fill-so-far") },
        ]}
        value={player.filled === null ? "all" : "so-far"}
        onChange={(value) => (value === "all" ? player.showAll() : player.fillSoFar())}
      />
      {children}
    </div>
  );
}

function Icon({ path }: { path: string }) {
  return (
    <svg viewBox="0 0 20 20" width="20" height="20" aria-hidden="true">
      <path
        d={path}
        fill="currentColor"
        stroke="currentColor"
        stroke-width="1.5"
        stroke-linejoin="round"
        stroke-linecap="round"
      />
    </svg>
  );
}
