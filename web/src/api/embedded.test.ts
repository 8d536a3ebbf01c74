import { expect, test } from "vitest";
import { ApiProblem } from "./client";
import { embeddedApi } from "./embedded";

const bytes = new Uint8Array(new Float32Array([1, -0.5]).buffer);
const api = embeddedApi({
  "/api/v1/session": { version: "1" },
  "/api/v1/models/main/layer?layer=a%2Fb&lang=en": { layer: "a/b" },
  "/api/v1/models/main/values?layer=c&input=i&of=output": {
    shape: [1, 2],
    f32: btoa(String.fromCharCode(...bytes)),
  },
});

test("answers are found whatever the order and encoding of parameters", async () => {
  expect(await api.get("/session")).toEqual({ version: "1" });
  const { shape, data } = await api.tensor("/models/main/values", {
    of: "output",
    input: "i",
    layer: "c",
  });
  expect(shape).toEqual([1, 2]);
  expect([...data]).toEqual([1, -0.5]);
});

test("an answer in English stands in for a language that was not written", async () => {
  expect(await api.get("/models/main/layer", { layer: "a/b", lang: "zh-CN" })).toEqual({
    layer: "a/b",
  });
});

test("what was left out is a problem, not a crash", async () => {
  await expect(api.get("/models/other")).rejects.toBeInstanceOf(ApiProblem);
  await expect(api.post("/models", {})).rejects.toBeInstanceOf(ApiProblem);
});
