import { useCallback, useEffect, useState } from "preact/hooks";
import { asProblem, type Api } from "../../api/client";
import type { Job, JobEvent, JobRequest, Problem } from "../../api/types";

/** A job that this view started, and what it has told so far. */
export interface Run {
  job: Job | null;
  state: "waiting" | Job["state"];
  progress: number | null;
  /** What an ascent reached, step by step. */
  ascent: { step: number; steps: number; activation: number }[];
  /** The newest tensor: its name and version. */
  tensor: { name: string; version: number } | null;
  problem: Problem | null;
}

export const WAITING: Run = {
  job: null,
  state: "waiting",
  progress: null,
  ascent: [],
  tensor: null,
  problem: null,
};

/** What a run is after one more event. */
export function afterEvent(run: Run, event: JobEvent): Run {
  switch (event.type) {
    case "state":
      return { ...run, job: event.job, state: event.job.state, problem: event.job.problem };
    case "progress":
      return { ...run, progress: event.progress };
    case "tensor":
      return { ...run, tensor: { name: event.name, version: event.version } };
    case "ascent": {
      const { step, steps, activation } = event;
      return {
        ...run,
        progress: steps > 0 ? step / steps : null,
        ascent: [...run.ascent, { step, steps, activation }],
      };
    }
    default:
      return run;
  }
}

/**
 * Starts a job for a request and follows it; another request, or leaving, stops it. A null request waits. `again`
 * starts it anew.
 */
export function useRun(
  api: Api,
  request: JobRequest | null,
): { run: Run; cancel: () => void; again: () => void } {
  const [run, setRun] = useState(WAITING);
  const [attempt, setAttempt] = useState(0);
  const key = request && JSON.stringify(request);
  useEffect(() => {
    setRun(WAITING);
    if (key === null) return;
    let left = false;
    let stop = (): void => undefined;
    let started: Job | null = null;
    let ended = false;
    const cancelStarted = (): void => {
      if (started && !ended) void api.post(`/jobs/${started.id}/cancel`, {}).catch(() => undefined);
    };
    const follow = (job: Job): void => {
      started = job;
      if (left) {
        cancelStarted();
        return;
      }
      setRun({ ...WAITING, job, state: job.state, progress: job.progress, problem: job.problem });
      stop = api.events(job.id, (event) => {
        if (left) return;
        ended = event.type === "state" && event.job.state !== "running";
        // A stream that ended would be opened again and again.
        if (ended) stop();
        setRun((last) => afterEvent(last, event));
      });
    };
    api.post<Job>("/jobs", JSON.parse(key)).then(follow, (error: unknown) => {
      if (!left) setRun({ ...WAITING, state: "failed", problem: asProblem(error) });
    });
    return () => {
      left = true;
      stop();
      cancelStarted();
    };
  }, [api, key, attempt]);
  const id = run.job?.id;
  const cancel = useCallback(() => {
    if (id) void api.post(`/jobs/${id}/cancel`, {}).catch(() => undefined);
  }, [api, id]);
  return { run, cancel, again: () => setAttempt(attempt + 1) };
}

export function isOver(run: Run): boolean {
  return run.state === "done" || run.state === "failed" || run.state === "cancelled";
}
