/** Colours of curves that stand side by side: told apart also by people who see fewer, on a light and on a dark page. */
const LIGHT = [
  "#0b7285",
  "#c2410c",
  "#6d28d9",
  "#15803d",
  "#be185d",
  "#1d4ed8",
  "#854d0e",
  "#4b5563",
  "#0f766e",
  "#9f1239",
];
const DARK = [
  "#4cc9d8",
  "#fb923c",
  "#c4b5fd",
  "#4ade80",
  "#f9a8d4",
  "#93c5fd",
  "#fde047",
  "#cbd5e1",
  "#5eead4",
  "#fda4af",
];

export function seriesColour(place: number, dark: boolean): string {
  const colours = dark ? DARK : LIGHT;
  return colours[place % colours.length]!;
}
