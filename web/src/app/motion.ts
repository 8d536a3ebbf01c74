import { signal } from "@preact/signals";

const query = matchMedia("(prefers-reduced-motion: reduce)");

/** Whether the person asked for less motion: animations then become cuts. */
export const reducedMotion = signal(query.matches);
query.addEventListener("change", (event) => (reducedMotion.value = event.matches));
