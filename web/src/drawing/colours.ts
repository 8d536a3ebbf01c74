import { computed } from "@preact/signals";
import { dark } from "../app/theme";

/** The page's colours for drawings on canvas and in exported pictures: those of styles/tokens.css. */
export interface Colours {
  surface: string;
  raised: string;
  sunken: string;
  rule: string;
  ink: string;
  muted: string;
  accent: string;
  accentSoft: string;
  warning: string;
}

export const LIGHT: Colours = {
  surface: "#ffffff",
  raised: "#f6f8f9",
  sunken: "#edf1f3",
  rule: "#d5dce0",
  ink: "#172026",
  muted: "#52616b",
  accent: "#0b7285",
  accentSoft: "#d8eef1",
  warning: "#9a4a00",
};

export const DARK: Colours = {
  surface: "#14181d",
  raised: "#1b2026",
  sunken: "#0e1115",
  rule: "#333c45",
  ink: "#e8edf0",
  muted: "#a3b0b9",
  accent: "#4cc9d8",
  accentSoft: "#143d44",
  warning: "#ffb067",
};

export const colours = computed(() => (dark.value ? DARK : LIGHT));
