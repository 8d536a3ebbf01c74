import { useEffect, useState } from "preact/hooks";
import { asProblem } from "../api/client";
import type { Problem } from "../api/types";

/** Something that is being fetched: the last value stays while a newer one is on its way. */
export interface Resource<T> {
  data: T | null;
  problem: Problem | null;
  busy: boolean;
}

/**
 * Loads when the key changes, and lets go of what is no longer wanted. A null key loads nothing. The key must name
 * everything that the answer depends on: model, version, layer, …
 */
export function useResource<T>(
  key: string | null,
  load: (signal: AbortSignal) => Promise<T>,
): Resource<T> {
  const [state, setState] = useState<Resource<T> & { key: string | null }>({
    key: null,
    data: null,
    problem: null,
    busy: key !== null,
  });
  useEffect(() => {
    if (key === null) return;
    const abort = new AbortController();
    setState((last) => ({ ...last, busy: true }));
    load(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) setState({ key, data, problem: null, busy: false });
      },
      (error: unknown) => {
        if (abort.signal.aborted) return;
        setState({ key, data: null, problem: asProblem(error), busy: false });
      },
    );
    return () => abort.abort();
    // The key stands for all that `load` closes over.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [key]);
  if (key === null) return { data: null, problem: null, busy: false };
  return { data: state.data, problem: state.problem, busy: state.busy || state.key !== key };
}
