import { address, ApiProblem, type Api, type Params, type Tensor } from "./client";

/** An answer in an exported page: JSON as it is, a tensor with its values as base64. */
type Answer = unknown;
interface EncodedTensor {
  shape: number[];
  f32: string;
}

/** The API of an exported page: answers by their address, `{"/api/v1/session": {…}, …}`. */
export function embeddedApi(answers: Record<string, Answer>): Api {
  const byAddress = new Map(Object.entries(answers).map(([key, value]) => [normal(key), value]));

  const find = (path: string, params: Params = {}): Answer => {
    const { lang, ...rest } = params;
    const candidates = [params, rest, { ...rest, lang: "en" }];
    for (const candidate of lang === undefined ? [params] : candidates) {
      const answer = byAddress.get(normal(address(`/api/v1${path}`, candidate)));
      if (answer !== undefined) return answer;
    }
    throw new ApiProblem({
      kind: "not_exported",
      message: address(path, params),
      help: null,
      diagnostics: [],
    });
  };

  const refuse = (path: string): never => {
    throw new ApiProblem({ kind: "not_exported", message: path, help: null, diagnostics: [] });
  };

  return {
    get: async <T>(path: string, params?: Params) => find(path, params) as T,
    tensor: async (path, params) => decodeTensor(find(path, params) as EncodedTensor),
    post: async (path) => refuse(path),
    upload: async (path) => refuse(path),
    events: () => () => undefined,
    url: (path, params) => {
      try {
        return String(find(path, params));
      } catch {
        return "";
      }
    },
  };
}

/** Addresses are the same whatever the order and the encoding of their parameters. */
export function normal(key: string): string {
  const [path = "", query = ""] = key.split("?", 2);
  const params = [...new URLSearchParams(query)].sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify([path, params]);
}

export function decodeTensor({ shape, f32 }: EncodedTensor): Tensor {
  const bytes = Uint8Array.from(atob(f32), (character) => character.charCodeAt(0));
  return { shape, data: new Float32Array(bytes.buffer) };
}
