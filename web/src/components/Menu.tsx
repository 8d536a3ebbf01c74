import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import "./Menu.css";

/** A button that opens a short list; Escape, a choice, or a click elsewhere closes it. */
export function Menu({ label, children }: { label: string; children: ComponentChildren }) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const close = (event: Event) => {
      const element = menu.current;
      if (element?.open && !element.contains(event.target as Node)) element.open = false;
    };
    document.addEventListener("pointerdown", close);
    return () => document.removeEventListener("pointerdown", close);
  }, []);
  return (
    <details
      class="menu"
      ref={menu}
      onKeyDown={(event) => {
        if (event.key !== "Escape" || !menu.current?.open) return;
        menu.current.open = false;
        menu.current.querySelector("summary")?.focus();
      }}
    >
      <summary class="button">{label}</summary>
      <div class="menu-list" onClick={() => (menu.current!.open = false)}>
        {children}
      </div>
    </details>
  );
}
