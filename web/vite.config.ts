import { defineConfig } from "vite";
import { singleFile } from "./single-file.ts";

// What the program embeds; committed, so that cargo alone builds it.
const page = "../crates/dichroic-explorer/page";

/**
 * Two pages from one source: `vite build` writes the page that the server serves (index.html and assets), and
 * `vite build --mode export` the one file into which `dichroic explore --export` puts a model's data.
 */
export default defineConfig(({ mode }) => {
  const exported = mode === "export";
  return {
    base: "./",
    publicDir: exported ? false : "public",
    plugins: exported ? [singleFile()] : [],
    build: {
      outDir: page,
      emptyOutDir: !exported,
      target: ["chrome123", "firefox120", "safari17.5"],
      modulePreload: { polyfill: false },
      assetsInlineLimit: 0,
      cssCodeSplit: !exported,
      reportCompressedSize: false,
      rolldownOptions: {
        input: exported ? "export.html" : "index.html",
        output: exported ? { codeSplitting: false } : {},
      },
    },
    test: { include: ["src/**/*.test.ts"] },
  };
});
