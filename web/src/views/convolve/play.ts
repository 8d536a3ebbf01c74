import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import type { Traces } from "./traces";
import type { Walk } from "./walk";

/** Steps a second that can be chosen. */
export const SPEEDS = [0.5, 1, 2, 4, 8, 16, 32] as const;

/** How many traces are asked for ahead. */
const AHEAD = 8;

export interface Player {
  playing: boolean;
  speed: number;
  /** The last step that is filled in; null while the whole map is shown. */
  filled: number | null;
  play(): void;
  pause(): void;
  /** One step on or back; what lies behind stays filled in. */
  step(by: 1 | -1): void;
  /** Looks at a position of the person's choice. */
  goTo(at: number[]): void;
  /** Empties the map and goes back to the first position. */
  restart(): void;
  showAll(): void;
  /** Shows the map as far as it was walked over. */
  fillSoFar(): void;
  setSpeed(speed: number): void;
}

interface Stage {
  walk: Walk;
  traces: Traces;
  at: readonly number[];
  moveTo(at: number[]): void;
}

/**
 * Walks over a map. A step is taken when its time has come and its trace is there, so that every number on the stage
 * belongs to the position that is shown.
 */
export function usePlayer({ walk, traces, at, moveTo }: Stage): Player {
  const [playing, setPlaying] = useState(false);
  const [speed, setSpeed] = useState(2);
  const [filled, setFilled] = useState<number | null>(null);
  const step = walk.stepOf(at);
  const here = useRef(step);
  here.current = step;

  const visit = useCallback(
    (next: number) => {
      setFilled((last) => Math.max(last ?? 0, next));
      moveTo(walk.outputAt(next));
    },
    [walk, moveTo],
  );

  useEffect(() => {
    if (!playing) return;
    const next = stepAfter(walk, here.current);
    if (next === null) {
      setPlaying(false);
      return;
    }
    let stopped = false;
    const ahead = Array.from({ length: Math.min(AHEAD, walk.steps - next) }, (_, place) =>
      walk.outputAt(next + place),
    );
    traces.prefetch(ahead);
    const time = new Promise((resolve) => setTimeout(resolve, 1000 / speed));
    const ready = traces.at(walk.outputAt(next)).catch(() => undefined);
    void Promise.all([time, ready]).then(() => {
      if (!stopped) visit(next);
    });
    return () => {
      stopped = true;
    };
  }, [playing, speed, step, walk, traces, visit]);

  const restart = (): void => {
    setFilled(0);
    moveTo(walk.outputAt(0));
  };
  return {
    playing,
    speed,
    filled,
    play() {
      if (stepAfter(walk, step) === null) restart();
      else setFilled(step);
      setPlaying(true);
    },
    pause: () => setPlaying(false),
    step(by) {
      setPlaying(false);
      visit(Math.max(0, Math.min(walk.steps - 1, step + by)));
    },
    goTo(next) {
      setPlaying(false);
      setFilled((last) => (last === null ? null : Math.max(last, walk.stepOf(next))));
      moveTo(next);
    },
    restart() {
      setPlaying(false);
      restart();
    },
    showAll() {
      setPlaying(false);
      setFilled(null);
    },
    fillSoFar: () => setFilled(step),
    setSpeed,
  };
}

/** The next step that leads on; cut off edges of a transposed convolution may hold steps that don't. */
export function stepAfter(walk: Walk, step: number): number | null {
  for (let next = step + 1; next < walk.steps; next += 1)
    if (walk.stepOf(walk.outputAt(next)) > step) return next;
  return null;
}
