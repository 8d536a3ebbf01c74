import { expect, test } from "vitest";
import * as format from "./format";
import { matchLanguage } from "./match";

test("counts are grouped in threes", () => {
  expect(format.formatCount(10104)).toBe("10,104");
  expect(format.formatCount(25636712)).toBe("25,636,712");
  expect(format.formatCount(832)).toBe("832");
});

test("large counts are short, small ones exact", () => {
  expect(format.formatCompact(2400)).toBe("2,400");
  expect(format.formatCompact(25636712)).toBe("25.6 M");
  expect(format.formatCompact(3.86e9)).toBe("3.9 G");
  expect(format.formatCompact(10104)).toBe("10.1 k");
});

test("values keep their digits and a true minus sign", () => {
  expect(format.formatValue(-0.12345)).toBe("−0.1235");
  expect(format.formatValue(0)).toBe("0.0000");
  expect(format.formatValue(0.00001234)).toBe("1.234e−5");
  expect(format.formatValue(-1234.56)).toBe("−1234.6");
});

test("shapes name open sizes", () => {
  expect(format.formatShape([28, 28, 32])).toBe("28 × 28 × 32");
  expect(format.formatShape([null, 3])).toBe("? × 3");
  expect(format.formatShape([])).toBe("1");
});

test("bytes and shares are rounded for reading", () => {
  expect(format.formatBytes(102546848)).toBe("97.8 MiB");
  expect(format.formatBytes(512)).toBe("512 B");
  expect(format.formatPercent(0.034)).toBe("3.4 %");
});

test("the first language that we have is taken", () => {
  expect(matchLanguage(["fr-FR", "zh-Hans-CN", "en"])).toBe("zh-CN");
  expect(matchLanguage(["en-GB", "zh"])).toBe("en");
  expect(matchLanguage(["fr"])).toBe("en");
});
