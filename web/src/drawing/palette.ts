/** Red, green and blue from 0 to 255. */
export type Rgb = readonly [number, number, number];

/** A number to a colour: a table of colours between two ends. */
export interface Scale {
  kind: "diverging" | "sequential";
  minimum: number;
  maximum: number;
  table: readonly Rgb[];
}

/** ColorBrewer's RdBu, as in the program's own pictures; zero is nearly white. */
const DIVERGING_LIGHT = [
  "#2166ac",
  "#67a9cf",
  "#d1e5f0",
  "#f7f7f7",
  "#fddbc7",
  "#ef8a62",
  "#b2182b",
];
/** On a dark page zero is the surface and strength is brightness. */
const DIVERGING_DARK = [
  "#5db2ff",
  "#4389c6",
  "#315b82",
  "#23272e",
  "#7b4037",
  "#bd5d49",
  "#ff7a5c",
];
/** Even steps of lightness from deep blue to yellow (viridis at nine places). */
const SEQUENTIAL = [
  "#440154",
  "#472d7b",
  "#3b528b",
  "#2c728e",
  "#21918c",
  "#28ae80",
  "#5ec962",
  "#addc30",
  "#fde725",
];

const STEPS = 257;
const TABLES = {
  light: tableOf(DIVERGING_LIGHT),
  dark: tableOf(DIVERGING_DARK),
  sequential: tableOf(SEQUENTIAL),
};

/** Signed values: the same distance from zero is the same strength on either side. */
export function divergingScale(largestAbsolute: number, dark: boolean): Scale {
  const end = largestAbsolute > 0 ? largestAbsolute : 1;
  const table = dark ? TABLES.dark : TABLES.light;
  return { kind: "diverging", minimum: -end, maximum: end, table };
}

/** Values from a smallest to a largest. */
export function sequentialScale(minimum: number, maximum: number): Scale {
  const end = maximum > minimum ? maximum : minimum + 1;
  return { kind: "sequential", minimum, maximum: end, table: TABLES.sequential };
}

/** The scale that suits a range: diverging as soon as there are values below zero. */
export function scaleFor(minimum: number, maximum: number, dark: boolean): Scale {
  return minimum < 0
    ? divergingScale(Math.max(-minimum, maximum), dark)
    : sequentialScale(Math.min(0, minimum), maximum);
}

/** The colour of a value; values outside the scale have the colour of its end, no number has none. */
export function colourOf(scale: Scale, value: number): Rgb {
  const share = (value - scale.minimum) / (scale.maximum - scale.minimum);
  const last = scale.table.length - 1;
  const step = Number.isNaN(share) ? last / 2 : Math.min(last, Math.max(0, share * last));
  return scale.table[Math.round(step)]!;
}

export function cssColour(rgb: Rgb): string {
  return `rgb(${rgb.map(Math.round).join(" ")})`;
}

/** `#rrggbb` of a value, for SVG. */
export function hexOf(scale: Scale, value: number): string {
  return toHex(colourOf(scale, value));
}

/** Dark or light ink, whichever reads better on the colour. */
export function inkOn(rgb: Rgb): string {
  const hex = toHex(rgb);
  return contrast("#000000", hex) >= contrast("#ffffff", hex) ? "#000000" : "#ffffff";
}

/** Fills a picture of one pixel a value (for `putImageData`, scaled up without smoothing). */
export function paintValues(
  values: ArrayLike<number>,
  scale: Scale,
  pixels: Uint8ClampedArray,
): void {
  for (let i = 0; i < values.length; i++) {
    const rgb = colourOf(scale, values[i]!);
    pixels[4 * i] = rgb[0];
    pixels[4 * i + 1] = rgb[1];
    pixels[4 * i + 2] = rgb[2];
    pixels[4 * i + 3] = 255;
  }
}

/** WCAG's contrast ratio of two colours, from 1 to 21. */
export function contrast(a: string, b: string): number {
  const [dim, bright] = [luminance(fromHex(a)), luminance(fromHex(b))].sort((x, y) => x - y) as [
    number,
    number,
  ];
  return (bright + 0.05) / (dim + 0.05);
}

function luminance(rgb: Rgb): number {
  const [red, green, blue] = rgb.map(linear) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

function tableOf(stops: readonly string[]): Rgb[] {
  const colours = stops.map(fromHex);
  return Array.from({ length: STEPS }, (_, step) => {
    const place = (step / (STEPS - 1)) * (colours.length - 1);
    const left = Math.min(Math.floor(place), colours.length - 2);
    return mix(colours[left]!, colours[left + 1]!, place - left);
  });
}

/** Mixed in sRGB, as the program's pictures do it. */
export function mix(a: Rgb, b: Rgb, share: number): Rgb {
  const between = (i: 0 | 1 | 2) => a[i] + (b[i] - a[i]) * share;
  return [between(0), between(1), between(2)];
}

function linear(channel: number): number {
  const share = channel / 255;
  return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
}

export function fromHex(hex: string): Rgb {
  const number = Number.parseInt(hex.slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
}

export function toHex(rgb: Rgb): string {
  return `#${rgb.map((channel) => Math.round(channel).toString(16).padStart(2, "0")).join("")}`;
}
