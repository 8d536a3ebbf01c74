import { clamp, inputBox, type Window } from "./geometry";
import type { Player } from "./play";
import { moved, moveOfKey } from "./walk";

interface Keys {
  window: Window;
  at: readonly number[];
  probe: readonly number[] | null;
  player: Player;
  setProbe(position: number[] | null): void;
}

type Handler = (event: KeyboardEvent) => void;

/** Arrow keys move the window, space plays; on the input, Enter asks about a value and arrow keys then move that. */
export function useStageKeys({ window, at, probe, player, setProbe }: Keys): {
  onStage: Handler;
  onInput: Handler;
  onOutput: Handler;
} {
  const moveWindow: Handler = (event) => {
    const move = moveOfKey(event.key, window.outputSize.length);
    if (!move || event.defaultPrevented) return;
    event.preventDefault();
    player.goTo(moved(window, at, move));
  };
  const onInput: Handler = (event) => {
    if (event.key === "Escape" && probe) {
      event.preventDefault();
      setProbe(null);
    } else if (event.key === "Enter") {
      event.preventDefault();
      const box = inputBox(window, at);
      setProbe(probe || !box ? null : clamp(box.start, window.inputSize));
    } else if (probe) {
      const move = moveOfKey(event.key, window.inputSize.length);
      if (!move) return;
      event.preventDefault();
      const next = [...probe];
      next[move.axis] = (next[move.axis] ?? 0) + move.by;
      setProbe(clamp(next, window.inputSize));
    } else moveWindow(event);
  };
  const onStage: Handler = (event) => {
    const target = event.target as HTMLElement;
    if (["INPUT", "SELECT", "TEXTAREA"].includes(target.tagName)) return;
    if (event.key === " " && !["BUTTON", "SUMMARY"].includes(target.tagName)) {
      event.preventDefault();
      if (player.playing) player.pause();
      else player.play();
      return;
    }
    moveWindow(event);
  };
  return { onStage, onInput, onOutput: moveWindow };
}
