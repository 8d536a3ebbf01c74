import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import path from "node:path";
import { test } from "node:test";
import { gzipSync } from "node:zlib";
import { workspace } from "./support/program.mjs";

const page = path.join(workspace, "crates/dichroic-explorer/page");
const MOST = 400 * 1000;

/** A file with all that it loads at once: what a page links, and what a script imports statically. */
function loadedBy(file, known = new Set()) {
  if (known.has(file)) return known;
  known.add(file);
  const text = readFileSync(file, "utf8");
  const links = file.endsWith(".html")
    ? text.matchAll(/(?:src|href)="(\.\/[^"]+)"/g)
    : file.endsWith(".js")
      ? text.matchAll(/\b(?:from|import)\s*"(\.\/[^"]+)"/g)
      : [];
  for (const [, link] of links) loadedBy(path.resolve(path.dirname(file), link), known);
  return known;
}

/** Parts that are loaded on demand, but by every first look: the language and the first view. */
function firstParts() {
  const assets = path.join(page, "assets");
  return readdirSync(assets)
    .filter((name) => /^(en|model)-.*\.(js|css)$/.test(name))
    .map((name) => path.join(assets, name));
}

test("the first view needs less than 400 kB, compressed", () => {
  const files = loadedBy(path.join(page, "index.html"));
  for (const part of firstParts()) loadedBy(part, files);
  const sizes = [...files].map((file) => gzipSync(readFileSync(file)).length);
  const sum = sizes.reduce((a, b) => a + b, 0);
  assert.ok(files.size > 4, "the parts were not found");
  assert.ok(
    sum < MOST,
    `${sum} bytes in ${[...files].map((file) => path.basename(file)).join(", ")}`,
  );
});
