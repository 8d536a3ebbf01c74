import { useEffect, useId, useRef, useState } from "preact/hooks";
import type { ModelDescription, ModelNode } from "../../api/types";
import { useText } from "../../i18n/text";
import { findLayers } from "./find";

interface SearchProps {
  model: ModelDescription;
  value: string;
  onChange(text: string): void;
  onSelect(layer: string): void;
}

const MOST = 12;

/** Finds layers by name or type; the key / leads here from anywhere in the view. */
export function Search({ model, value, onChange, onSelect }: SearchProps) {
  const { t } = useText();
  const field = useRef<HTMLInputElement>(null);
  const list = useId();
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(0);
  const found = findLayers(model, value).slice(0, MOST);

  useEffect(() => {
    const focus = (event: KeyboardEvent) => {
      const typing = event.target instanceof HTMLElement && event.target.matches("input, select");
      if (event.key !== "/" || typing) return;
      event.preventDefault();
      field.current?.focus();
    };
    document.addEventListener("keydown", focus);
    return () => document.removeEventListener("keydown", focus);
  }, []);

  const choose = (node: ModelNode | undefined) => {
    if (!node) return;
    setOpen(false);
    onSelect(node.layer);
  };

  return (
    <div class="search">
      <input
        ref={field}
        type="search"
        list={undefined}
        class="field"
        role="combobox"
        aria-label={t("search")}
        aria-expanded={open && found.length > 0}
        aria-controls={list}
        aria-activedescendant={open && found[active] ? `${list}-${active}` : undefined}
        placeholder={t("search-hint")}
        value={value}
        onInput={(event) => {
          onChange(event.currentTarget.value);
          setActive(0);
          setOpen(true);
        }}
        onFocus={() => setOpen(value !== "")}
        onBlur={() => setOpen(false)}
        onKeyDown={(event) => {
          const last = Math.max(0, found.length - 1);
          if (event.key === "ArrowDown") setActive(Math.min(last, active + 1));
          else if (event.key === "ArrowUp") setActive(Math.max(0, active - 1));
          else if (event.key === "Enter") choose(found[active]);
          else if (event.key === "Escape") onChange("");
          else return;
          event.preventDefault();
        }}
      />
      <ul id={list} role="listbox" aria-label={t("search")} hidden={!open || found.length === 0}>
        {found.map((node, place) => (
          <li
            key={node.index}
            id={`${list}-${place}`}
            role="option"
            aria-selected={place === active}
            // Before the field loses the focus and the list is gone.
            onPointerDown={() => choose(node)}
          >
            {node.name}
            <span class="muted">{node.type}</span>
          </li>
        ))}
      </ul>
    </div>
  );
}
