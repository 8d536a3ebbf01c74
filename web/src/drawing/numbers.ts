/** A number in a cell: as many digits as fit five characters. */
export function brief(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : "−∞";
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size >= 10_000) return minus(value.toExponential(0).replace("e+", "e"));
  const digits = size >= 100 ? 0 : size >= 10 ? 1 : 2;
  const text = value.toFixed(digits);
  // What rounds to zero has no sign.
  return Number(text) === 0 ? text.replace("-", "") : minus(text);
}

/** A number and its size of type for a cell of some pixels; small cells leave out the zero before the point. */
export function fitted(value: number, cell: number): { text: string; size: number } {
  const text = brief(value);
  return cell >= 36
    ? { text, size: Math.min(15, cell * 0.3) }
    : { text: text.replace(/^(−?)0\./, "$1."), size: 11 };
}

/** A number in a sentence or a table: six decimals, as the program prints it; powers of ten for very small and large ones. */
export function exact(value: number): string {
  if (!Number.isFinite(value)) return brief(value);
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-4 || size >= 1e7)) return minus(value.toExponential(4));
  return minus(value.toFixed(6));
}

/** With its sign, to be added to what stands before. */
export function signed(value: number): string {
  return value < 0 ? `− ${exact(-value)}` : `+ ${exact(value)}`;
}

function minus(text: string): string {
  return text.replaceAll("-", "−");
}
