import { expect, it } from "vitest";
import type { Api } from "../../api/client";
import { Traces } from "./traces";

const source = { model: "main", version: 0, layer: "conv2d", filter: 3, input: "photo-cat" };

function recording(answer: () => Promise<unknown>): { api: Api; asked: string[] } {
  const asked: string[] = [];
  const get = (path: string, params?: Record<string, unknown>) => {
    asked.push(`${path} ${JSON.stringify(params)}`);
    return answer();
  };
  return { api: { get } as unknown as Api, asked };
}

it("asks for each position once", async () => {
  const { api, asked } = recording(() => Promise.resolve({ value: 1 }));
  const traces = new Traces(api, source);
  traces.prefetch([
    [0, 1],
    [0, 2],
  ]);
  await traces.at([0, 1]);
  expect(asked).toEqual([
    '/models/main/trace {"layer":"conv2d","filter":3,"at":"0,1","input":"photo-cat"}',
    '/models/main/trace {"layer":"conv2d","filter":3,"at":"0,2","input":"photo-cat"}',
  ]);
});

it("asks again after a failure", async () => {
  const { api, asked } = recording(() => Promise.reject(new Error("no")));
  const traces = new Traces(api, source);
  await expect(traces.at([0])).rejects.toThrow("no");
  await expect(traces.at([0])).rejects.toThrow("no");
  expect(asked).toHaveLength(2);
});
