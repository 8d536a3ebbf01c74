import type { Shape } from "../api/types";

/** 25,636,712: grouped in threes, as in the program. */
export function formatCount(count: number): string {
  return Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ",");
}

/** 3.9 G, 25.6 M, 2,400: at most four characters and a letter. */
export function formatCompact(count: number): string {
  for (const [size, letter] of [
    [1e12, "T"],
    [1e9, "G"],
    [1e6, "M"],
    [1e4, "k"],
  ] as const) {
    if (Math.abs(count) >= size) {
      const scaled = count / (size === 1e4 ? 1e3 : size);
      return `${scaled.toFixed(Math.abs(scaled) < 100 ? 1 : 0)} ${letter}`;
    }
  }
  return formatCount(count);
}

/** 97.8 MiB */
export function formatBytes(bytes: number): string {
  let size = bytes;
  for (const unit of ["B", "KiB", "MiB", "GiB"]) {
    if (size < 1024 || unit === "GiB")
      return `${unit === "B" ? size : size.toFixed(size < 100 ? 1 : 0)} ${unit}`;
    size /= 1024;
  }
  return "";
}

/** 28 × 28 × 32; an open size is a question mark, a shape without axes is one number. */
export function formatShape(shape: Shape | null): string {
  if (shape === null) return "?";
  return shape.length === 0 ? "1" : shape.map((size) => size ?? "?").join(" × ");
}

/** A weight or value: enough digits to tell it from its neighbours, a true minus sign. */
export function formatValue(value: number, digits = 4): string {
  if (!Number.isFinite(value)) return String(value);
  const size = Math.abs(value);
  const text =
    size !== 0 && (size < 1e-3 || size >= 1e6)
      ? size
          .toExponential(digits - 1)
          .replace("e+", "e")
          .replace("e-", "e−")
      : size.toFixed(size >= 1000 ? 1 : size >= 100 ? 2 : digits);
  return value < 0 && Number(size.toPrecision(digits)) !== 0 ? `−${text}` : text;
}

export function formatPercent(share: number): string {
  const percent = share * 100;
  return `${percent.toFixed(percent !== 0 && percent < 10 ? 1 : 0)} %`;
}
