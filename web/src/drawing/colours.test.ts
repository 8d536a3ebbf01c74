import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test, vi } from "vitest";

vi.stubGlobal("matchMedia", () => ({ matches: false, addEventListener: () => undefined }));
const { DARK, LIGHT } = await import("./colours");
const { contrast } = await import("./palette");

test("drawings and style sheet have the same colours", () => {
  const css = readFileSync(join(import.meta.dirname, "../styles/tokens.css"), "utf8");
  for (const [name, light] of Object.entries(LIGHT)) {
    const token = name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(css).toContain(`--${token}: light-dark(${light}, ${DARK[name as keyof typeof DARK]});`);
  }
});

test("text stands out from every surface by the ratio of WCAG AA", () => {
  for (const scheme of [LIGHT, DARK])
    for (const ink of [scheme.ink, scheme.muted, scheme.accent, scheme.warning])
      for (const ground of [scheme.surface, scheme.raised, scheme.sunken])
        expect(contrast(ink, ground), `${ink} on ${ground}`).toBeGreaterThan(4.5);
});
