import type { Plugin } from "vite";

/** Puts scripts and styles of the page into its HTML, so that it is one file that opens from a disk. */
export function singleFile(): Plugin {
  return {
    name: "single-file",
    enforce: "post",
    generateBundle(_, bundle) {
      const page = Object.values(bundle).find((file) => file.fileName.endsWith(".html"));
      if (page?.type !== "asset") throw new Error("single-file: the bundle holds no HTML");
      let html = String(page.source);
      for (const file of Object.values(bundle)) {
        if (file === page) continue;
        const tag = tagOf(file.fileName);
        if (!tag.test(html)) throw new Error(`single-file: ${file.fileName} is not in the page`);
        html = html.replace(tag, () =>
          file.type === "chunk"
            ? `<script type="module">${escapeScript(file.code)}</script>`
            : `<style>${String(file.source)}</style>`,
        );
        delete bundle[file.fileName];
      }
      page.source = html;
    },
  };
}

/** The element that loads the file: a script with its source, or a link to a style sheet. */
function tagOf(fileName: string): RegExp {
  const name = fileName.replaceAll(".", "\\.");
  return fileName.endsWith(".js")
    ? new RegExp(`<script[^>]*src="[^"]*${name}"[^>]*></script>`)
    : new RegExp(`<link[^>]*href="[^"]*${name}"[^>]*>`);
}

/** Vite's marks of what to load before a chunk: a name, and a hash where an import has a mark of its own. */
const PRELOAD_MARK = /__VITE_PRELOAD__(?:[\da-f]{32})?/g;

/**
 * A script inside HTML ends at the first `</script`, also inside of a string. Marks of what to load stay behind where
 * there is one chunk only, and stand for nothing.
 */
function escapeScript(code: string): string {
  return code
    .replaceAll(PRELOAD_MARK, "void 0")
    .replaceAll("</script", "<\\/script")
    .replaceAll("<!--", "<\\!--")
    .trim();
}
