/** How the maps of a layer are laid out on a sheet: tiles of one size in rows. */
export interface Sheet {
  columns: number;
  tile: { width: number; height: number };
  /** From one tile to the next. */
  pitch: { x: number; y: number };
  /** Maps that fit on one page of two rows. */
  perPage: number;
}

const GAP = 8;
/** Room below a tile for its number. */
export const CAPTION = 20;
const ROWS = 2;

/** Tiles for maps of these axes of space; lines of 1-D maps are wider than high. */
export function sheetFor(space: readonly number[], width: number): Sheet {
  const tile = tileFor(space, width);
  const columns = Math.max(1, Math.floor((width + GAP) / (tile.width + GAP)));
  return {
    columns,
    tile,
    pitch: { x: tile.width + GAP, y: tile.height + CAPTION },
    perPage: columns * ROWS,
  };
}

function tileFor(space: readonly number[], width: number): { width: number; height: number } {
  if (space.length === 1) return { width: Math.min(width, 168), height: 64 };
  const [height, across] = [space.at(-2) ?? 1, space.at(-1) ?? 1];
  const side = Math.min(width, Math.max(height, across) <= 8 ? 72 : 104);
  const scale = side / Math.max(height, across, 1);
  return { width: Math.max(8, across * scale), height: Math.max(8, height * scale) };
}

/** Where a tile lies on its page. */
export function placeOfTile(sheet: Sheet, index: number): { x: number; y: number } {
  return {
    x: (index % sheet.columns) * sheet.pitch.x,
    y: Math.floor(index / sheet.columns) * sheet.pitch.y,
  };
}

/** The tile under a point; its caption belongs to it. */
export function tileAt(
  sheet: Sheet,
  { x, y }: { x: number; y: number },
  count: number,
): number | null {
  const column = Math.floor(x / sheet.pitch.x);
  const index = Math.floor(y / sheet.pitch.y) * sheet.columns + column;
  return x >= 0 && y >= 0 && column < sheet.columns && index < count ? index : null;
}

export function heightOf(sheet: Sheet, count: number): number {
  return Math.ceil(count / sheet.columns) * sheet.pitch.y;
}

/** The tile that a key leads to; null for other keys. */
export function tileOfKey(
  key: string,
  index: number,
  { columns, count }: { columns: number; count: number },
): number | null {
  const by = { ArrowLeft: -1, ArrowRight: 1, ArrowUp: -columns, ArrowDown: columns }[key];
  if (by !== undefined) return Math.max(0, Math.min(count - 1, index + by));
  if (key === "Home") return 0;
  return key === "End" ? count - 1 : null;
}
