import type { Api } from "../../api/client";
import type { Trace } from "../../api/types";

/** What is traced: one filter of a layer on an input. */
export interface TraceSource {
  model: string;
  version: number;
  layer: string;
  filter: number;
  input: string;
}

/** How many traces are kept, for stepping back and forth. */
const KEPT = 600;

/** Traces by output position; each is asked for once, those ahead of playing early. */
export class Traces {
  /** Names what is traced. */
  readonly key: string;
  readonly #kept = new Map<string, Promise<Trace>>();
  readonly #api: Api;
  readonly #source: TraceSource;

  constructor(api: Api, source: TraceSource) {
    this.#api = api;
    this.#source = source;
    this.key = Object.values(source).join(" ");
  }

  at(position: readonly number[]): Promise<Trace> {
    const at = position.join(",");
    const known = this.#kept.get(at);
    if (known) return known;
    const { model, layer, filter, input } = this.#source;
    const trace = this.#api.get<Trace>(`/models/${model}/trace`, { layer, filter, at, input });
    this.#kept.set(at, trace);
    trace.catch(() => this.#kept.delete(at));
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= KEPT) break;
      this.#kept.delete(oldest);
    }
    return trace;
  }

  /** Asks for positions that will be wanted soon; what goes wrong shows when they are. */
  prefetch(positions: readonly (readonly number[])[]): void {
    for (const position of positions) this.at(position).catch(() => undefined);
  }
}
