import { useEffect, useState } from "preact/hooks";
import type { Api } from "../api/client";
import type { JobEvent } from "../api/types";

/**
 * What a job's events add up to. Events that come within one frame are drawn together; a page that comes late gets the
 * old ones at once. Another `attempt` hears everything anew: a job that was resumed tells its story from the start.
 */
export function useJob<T>(
  api: Api,
  job: string | null,
  attempt: number,
  story: { empty: T; after(state: T, event: JobEvent): T },
): T {
  const [state, setState] = useState(story.empty);
  useEffect(() => {
    setState(story.empty);
    if (job === null) return;
    let waiting: JobEvent[] = [];
    let frame = 0;
    const drain = () => {
      const events = waiting;
      [waiting, frame] = [[], 0];
      setState((last) => events.reduce(story.after, last));
    };
    const stop = api.events(job, (event) => {
      waiting.push(event);
      // A page in the background gets no frames; its events wait.
      frame ||= requestAnimationFrame(drain);
    });
    return () => {
      stop();
      cancelAnimationFrame(frame);
    };
    // Stories are constants of their modules.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [api, job, attempt]);
  return state;
}
