import type { JobEvent, Problem } from "./types";

export type Params = Record<string, string | number | null | undefined>;

/** Values with their shape, channels last, in C order. */
export interface Tensor {
  shape: number[];
  data: Float32Array;
}

/** The library's answers, from the server or from the data inside an exported page. Paths start after `/api/v1`. */
export interface Api {
  get<T>(path: string, params?: Params, signal?: AbortSignal): Promise<T>;
  tensor(path: string, params?: Params, signal?: AbortSignal): Promise<Tensor>;
  post<T>(path: string, body: unknown): Promise<T>;
  upload<T>(path: string, bytes: Blob | ArrayBuffer, type: string): Promise<T>;
  /** Follows a job; the answer stops it. */
  events(job: string, on: (event: JobEvent) => void): () => void;
  /** The address of a picture or file, for `src` and `href`. */
  url(path: string, params?: Params): string;
}

/** An answer that is no success. */
export class ApiProblem extends Error {
  readonly problem: Problem;

  constructor(problem: Problem) {
    super(problem.message);
    this.name = "ApiProblem";
    this.problem = problem;
  }
}

/** Any error as a problem that can be shown. */
export function asProblem(error: unknown): Problem {
  if (error instanceof ApiProblem) return error.problem;
  const message = error instanceof Error ? error.message : String(error);
  return { kind: "failed", message, help: null, diagnostics: [] };
}

/** `path?a=1&b=2`, in the order given; null and undefined are left out. */
export function address(path: string, params: Params = {}): string {
  const query = Object.entries(params)
    .filter(([, value]) => value !== null && value !== undefined)
    .map(([key, value]) => `${key}=${encodeURIComponent(String(value))}`)
    .join("&");
  return query ? `${path}?${query}` : path;
}

/** "32,3,5,5" → [32, 3, 5, 5] */
export function parseShape(header: string): number[] {
  return header === "" ? [] : header.split(",").map(Number);
}
