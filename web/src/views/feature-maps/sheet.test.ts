import { expect, it } from "vitest";
import { heightOf, placeOfTile, sheetFor, tileAt, tileOfKey } from "./sheet";

it("finds every tile where it was put", () => {
  const sheet = sheetFor([28, 28], 600);
  for (let index = 0; index < sheet.perPage; index += 1) {
    const { x, y } = placeOfTile(sheet, index);
    expect(tileAt(sheet, { x: x + 5, y: y + 5 }, sheet.perPage)).toBe(index);
  }
  expect(tileAt(sheet, { x: 5, y: 5 }, 0)).toBeNull();
});

it("keeps the shape of maps that are no squares", () => {
  const { tile } = sheetFor([20, 40], 600);
  expect(tile.width / tile.height).toBeCloseTo(2);
});

it("has one column at least, however narrow the page", () => {
  expect(sheetFor([28, 28], 40).columns).toBe(1);
});

it("is as high as its rows", () => {
  const sheet = sheetFor([28, 28], 600);
  expect(heightOf(sheet, sheet.columns + 1)).toBe(2 * sheet.pitch.y);
});

it("moves by keys and stays on the sheet", () => {
  const of = { columns: 5, count: 12 };
  expect(tileOfKey("ArrowDown", 3, of)).toBe(8);
  expect(tileOfKey("ArrowDown", 10, of)).toBe(11);
  expect(tileOfKey("Home", 10, of)).toBe(0);
  expect(tileOfKey("a", 10, of)).toBeNull();
});
