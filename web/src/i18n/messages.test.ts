import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { FluentBundle, FluentResource } from "@fluent/bundle";
import { expect, test } from "vitest";
import { LANGUAGES } from "./match";

const SOURCES = join(import.meta.dirname, "..");
const LOCALES = join(import.meta.dirname, "../../../crates/dichroic/locales");

/** Ids and the variables of their messages, by language. */
const catalogue = new Map(LANGUAGES.map((language) => [language, messagesOf(language)]));

function messagesOf(language: string): Map<string, string> {
  const folder = join(LOCALES, language);
  const messages = new Map<string, string>();
  for (const file of readdirSync(folder).filter((name) => /^page-.*\.ftl$/.test(name))) {
    const source = readFileSync(join(folder, file), "utf8");
    const bundle = new FluentBundle(language);
    const errors = bundle.addResource(new FluentResource(source));
    if (errors.length > 0) throw new Error(`${language}/${file}: ${errors.join(", ")}`);
    for (const [id, body] of entries(source)) {
      if (messages.has(id)) throw new Error(`${language}/${file}: ${id} is there twice`);
      if (!bundle.getMessage(id)?.value)
        throw new Error(`${language}/${file}: ${id} can't be read`);
      const variables = new Set([...body.matchAll(/\$([a-zA-Z_-]+)/g)].map(([, name]) => name!));
      messages.set(id, [...variables].sort().join(" "));
    }
  }
  return messages;
}

function entries(source: string): [string, string][] {
  return source.split(/^(?=[a-z][a-z0-9-]* *=)/m).flatMap((entry) => {
    const match = /^([a-z][a-z0-9-]*) *=/.exec(entry);
    return match ? [[match[1]!, entry.replaceAll(/^#.*$/gm, "")] as [string, string]] : [];
  });
}

function sourceFiles(folder: string): string[] {
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !/\.test\./.test(entry.name))
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), "utf8"));
}

const code = sourceFiles(SOURCES).join("\n");

test("every message that the code asks for is there", () => {
  const asked = [...code.matchAll(/(?<![.\w])(?:t|text)\(\s*"([a-z][a-z0-9-]*)"/g)].map(
    ([, id]) => id!,
  );
  const missing = asked.filter((id) => !catalogue.get("en")!.has(id));
  expect([...new Set(missing)]).toEqual([]);
});

test("every message is used", () => {
  const literals = new Set([...code.matchAll(/"([a-z][a-z0-9-]*)"/g)].map(([, id]) => id!));
  const unused = [...catalogue.get("en")!.keys()].filter((id) => !literals.has(id));
  expect(unused).toEqual([]);
});

test("every language has the same messages with the same variables", () => {
  const english = Object.fromEntries(catalogue.get("en")!);
  for (const language of LANGUAGES)
    expect(Object.fromEntries(catalogue.get(language)!), language).toEqual(english);
});
