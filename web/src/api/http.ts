import { address, ApiProblem, parseShape, type Api, type Params, type Tensor } from "./client";
import type { JobEvent, Problem } from "./types";

const BASE = "/api/v1";

/** The API of the server that the page came from. */
export const httpApi: Api = {
  async get<T>(path: string, params?: Params, signal?: AbortSignal) {
    return (await (await ask(address(path, params), { signal })).json()) as T;
  },

  async tensor(path: string, params?: Params, signal?: AbortSignal): Promise<Tensor> {
    const response = await ask(address(path, params), { signal });
    const shape = parseShape(response.headers.get("x-dichroic-shape") ?? "");
    return { shape, data: new Float32Array(await response.arrayBuffer()) };
  },

  async post<T>(path: string, body: unknown) {
    const headers = { "content-type": "application/json" };
    const response = await ask(path, { method: "POST", headers, body: JSON.stringify(body) });
    return (await response.json()) as T;
  },

  async upload<T>(path: string, bytes: Blob | ArrayBuffer, type: string) {
    const response = await ask(path, {
      method: "POST",
      headers: { "content-type": type },
      body: bytes,
    });
    return (await response.json()) as T;
  },

  events(job: string, on: (event: JobEvent) => void) {
    const source = new EventSource(`${BASE}/jobs/${job}/events`);
    const listen = (message: MessageEvent<string>) => on(JSON.parse(message.data) as JobEvent);
    for (const type of EVENT_TYPES) source.addEventListener(type, listen);
    return () => source.close();
  },

  url: (path, params) => BASE + address(path, params),
};

const EVENT_TYPES: JobEvent["type"][] = [
  "state",
  "progress",
  "tensor",
  "ascent",
  "variant_epoch",
  "variant_done",
  "variant_refused",
  "step",
  "epoch",
  "weights",
  "histograms",
  "evaluation",
];

type Request = Omit<RequestInit, "signal"> & { signal?: AbortSignal | undefined };

async function ask(path: string, { signal, ...request }: Request): Promise<Response> {
  const response = await fetch(BASE + path, { ...request, signal: signal ?? null });
  if (response.ok) return response;
  throw new ApiProblem(await problemOf(response));
}

async function problemOf(response: Response): Promise<Problem> {
  const text = await response.text();
  try {
    const problem = JSON.parse(text) as Problem;
    if (typeof problem.message === "string") return problem;
  } catch {
    // Not ours: a proxy's page, or nothing at all.
  }
  const message = text.slice(0, 300) || `${response.status} ${response.statusText}`;
  return { kind: "failed", message, help: null, diagnostics: [] };
}
