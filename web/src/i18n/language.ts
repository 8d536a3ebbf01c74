import { FluentBundle, FluentResource } from "@fluent/bundle";
import { computed, signal } from "@preact/signals";
import { recall, remember } from "../app/memory";
import { matchLanguage, type Language } from "./match";

/** The messages in use; null until the first language is there. */
export const bundle = signal<FluentBundle | null>(null);
export const language = computed<Language>(() => matchLanguage([bundle.value?.locales[0] ?? "en"]));

/** A person's own choice comes first, then the program's `--lang`, then the browser's languages. */
export async function chooseLanguage(asked: string | null): Promise<void> {
  const own = recall("language");
  const wishes = own ? [own] : asked ? [asked] : navigator.languages;
  await load(matchLanguage(wishes));
}

export async function switchLanguage(to: Language): Promise<void> {
  remember("language", to);
  await load(to);
}

async function load(to: Language): Promise<void> {
  const { messages } = await (to === "zh-CN" ? import("./zh-CN") : import("./en"));
  const next = new FluentBundle(to, { useIsolating: false });
  for (const source of messages) next.addResource(new FluentResource(source));
  bundle.value = next;
  document.documentElement.lang = to;
}
