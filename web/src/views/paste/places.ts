import type { Diagnostic } from "../../api/types";

/** The characters of a diagnostic, at least one, inside the code whatever the numbers say. */
export function rangeOf(code: string, place: Diagnostic): { from: number; to: number } {
  const offset = (line: number, column: number) => {
    let start = 0;
    for (let i = 1; i < line; i++) {
      const end = code.indexOf("\n", start);
      if (end < 0) return code.length;
      start = end + 1;
    }
    return Math.min(code.length, start + Math.max(0, column - 1));
  };
  const from = Math.min(offset(place.line, place.column), Math.max(0, code.length - 1));
  const to = Math.max(offset(place.end_line, place.end_column), from + 1);
  return { from, to: Math.min(to, Math.max(code.length, from)) };
}
