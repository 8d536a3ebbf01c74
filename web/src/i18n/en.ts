/** The page's messages in one language: a chunk that is loaded when the language is chosen. */
export const messages = Object.values(
  import.meta.glob<string>("../../../crates/dichroic/locales/en/page-*.ftl", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);
