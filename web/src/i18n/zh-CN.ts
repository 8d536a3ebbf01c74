/** The page's messages in one language: a chunk that is loaded when the language is chosen. */
export const messages = Object.values(
  import.meta.glob<string>("../../../crates/dichroic/locales/zh-CN/page-*.ftl", {
    query: "?raw",
    import: "default",
    eager: true,
  }),
);
