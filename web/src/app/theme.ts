import { computed, signal } from "@preact/signals";
import { recall, remember } from "./memory";

export type ThemeChoice = "system" | "light" | "dark";

const THEMES: readonly ThemeChoice[] = ["system", "light", "dark"];
const darkSystem = matchMedia("(prefers-color-scheme: dark)");
const systemIsDark = signal(darkSystem.matches);
darkSystem.addEventListener("change", (event) => (systemIsDark.value = event.matches));

const stored = recall("theme");
export const themeChoice = signal<ThemeChoice>(
  THEMES.find((theme) => theme === stored) ?? "system",
);

/** Whether the page is dark now; drawings on canvas read their colours from it. */
export const dark = computed(() =>
  themeChoice.value === "system" ? systemIsDark.value : themeChoice.value === "dark",
);

/** Keeps the root element's colour scheme in step with the choice. */
export function followTheme(): void {
  dark.subscribe((isDark) => {
    document.documentElement.style.colorScheme = isDark ? "dark" : "light";
  });
}

export function chooseTheme(choice: ThemeChoice): void {
  themeChoice.value = choice;
  remember("theme", choice);
}
