import type { FluentVariable } from "@fluent/bundle";
import { bundle, language } from "./language";
import type { Language } from "./match";

export type Text = (id: string, args?: Record<string, FluentVariable>) => string;

/** The message of an id in the language in use; an id that is unknown shows itself. */
export function text(id: string, args?: Record<string, FluentVariable>): string {
  const message = bundle.value?.getMessage(id);
  if (!message?.value) return id;
  return bundle.value!.formatPattern(message.value, args ?? null);
}

/** For components: the component is drawn again when the language changes. */
export function useText(): { t: Text; language: Language } {
  return { t: text, language: language.value };
}
