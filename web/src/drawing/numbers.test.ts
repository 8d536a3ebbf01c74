import { expect, it } from "vitest";
import { brief, exact, fitted, signed } from "./numbers";

it("keeps a number in a cell to five characters", () => {
  expect([0, 0.123, -0.456, 12.34, -123.4, 123456].map(brief)).toEqual([
    "0",
    "0.12",
    "−0.46",
    "12.3",
    "−123",
    "1e5",
  ]);
});

it("writes no sign before what rounds to zero", () => {
  expect(brief(-0.001)).toBe("0.00");
});

it("says what is no number", () => {
  expect([NaN, Infinity, -Infinity].map(exact)).toEqual(["NaN", "∞", "−∞"]);
});

it("writes six decimals, and powers of ten where they would say nothing", () => {
  expect([0.5, -1.25, 0.00001234, 0].map(exact)).toEqual([
    "0.500000",
    "−1.250000",
    "1.2340e−5",
    "0.000000",
  ]);
});

it("puts a sign between a number and what stands before", () => {
  expect(signed(-0.5)).toBe("− 0.500000");
  expect(signed(0.5)).toBe("+ 0.500000");
});

it("leaves out the zero before the point where a cell is small", () => {
  expect(fitted(-0.25, 30).text).toBe("−.25");
  expect(fitted(10.5, 30).text).toBe("10.5");
  expect(fitted(-0.25, 42).text).toBe("−0.25");
});
