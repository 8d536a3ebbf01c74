import { expect, test } from "vitest";
import { changeRoute, formatRoute, parseRoute, type Route } from "./route";

const route: Route = {
  view: "convolve",
  model: "main",
  params: { layer: "backbone/conv 1", filter: "3", at: "12,3", input: "photo-cat" },
};

test("a route survives its address", () => {
  expect(formatRoute(route)).toBe(
    "#/convolve/main?layer=backbone/conv%201&filter=3&at=12,3&input=photo-cat",
  );
  expect(parseRoute(formatRoute(route))).toEqual(route);
});

test("an unknown view is the model's, a broken address is no error", () => {
  expect(parseRoute("")).toEqual({ view: "model", model: "", params: {} });
  expect(parseRoute("#/nonsense/%E0%A4%A?x=%")).toMatchObject({ view: "model", model: "%E0%A4%A" });
});

test("another view keeps layer, filter and input", () => {
  expect(changeRoute(route, { view: "filters" }).params).toEqual({
    layer: "backbone/conv 1",
    filter: "3",
    input: "photo-cat",
  });
});

test("another model keeps the input alone", () => {
  expect(changeRoute(route, { model: "p-1" }).params).toEqual({ input: "photo-cat" });
});

test("another layer has no filter chosen, and an empty value takes a parameter out", () => {
  expect(changeRoute(route, { params: { layer: "b", at: "" } }).params).toEqual({
    layer: "b",
    input: "photo-cat",
  });
});
