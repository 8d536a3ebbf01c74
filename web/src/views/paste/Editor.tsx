import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { python } from "@codemirror/lang-python";
import {
  bracketMatching,
  HighlightStyle,
  indentOnInput,
  indentUnit,
  syntaxHighlighting,
} from "@codemirror/language";
import { lintGutter, setDiagnostics } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import {
  drawSelection,
  EditorView,
  highlightActiveLine,
  keymap,
  lineNumbers,
} from "@codemirror/view";
import { tags } from "@lezer/highlight";
import { useEffect, useRef } from "preact/hooks";
import type { Diagnostic } from "../../api/types";
import { rangeOf } from "./places";

interface EditorProps {
  label: string;
  code: string;
  /** Names where the code came from; the editor takes the code over when this changes, and not while a person types. */
  source: string;
  diagnostics: readonly Diagnostic[];
  /** A place to go to: another object each time. */
  target: Diagnostic | null;
  onChange(code: string): void;
  onRun(): void;
}

/** An editor for Keras code; errors are underlined at their place. */
export function Editor(props: EditorProps) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const latest = useRef(props);
  latest.current = props;
  const { label, source, diagnostics, target } = props;

  useEffect(() => {
    // Inside a shadow root the editor's styles are adopted sheets, which a strict content security policy allows.
    const root = host.current!.shadowRoot ?? host.current!.attachShadow({ mode: "open" });
    const editor = new EditorView({
      root,
      parent: root,
      state: EditorState.create({ doc: latest.current.code, extensions: extensionsOf(latest) }),
    });
    view.current = editor;
    return () => editor.destroy();
  }, [label]);

  useEffect(() => {
    const editor = view.current!;
    const { code } = latest.current;
    if (code === editor.state.doc.toString()) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: code } });
  }, [source]);

  useEffect(() => {
    const editor = view.current!;
    const marks = diagnostics.map((place) => ({
      ...rangeOf(editor.state.doc.toString(), place),
      severity: "error" as const,
      message: place.hint ? `${place.message}\n${place.hint}` : place.message,
    }));
    marks.sort((a, b) => a.from - b.from);
    editor.dispatch(setDiagnostics(editor.state, marks));
  }, [diagnostics]);

  useEffect(() => {
    if (!target) return;
    const editor = view.current!;
    const { from } = rangeOf(editor.state.doc.toString(), target);
    editor.dispatch({ selection: { anchor: from }, scrollIntoView: true });
    editor.focus();
  }, [target]);

  return <div ref={host} class="editor" />;
}

function extensionsOf(latest: { current: EditorProps }) {
  return [
    lineNumbers(),
    history(),
    drawSelection(),
    indentOnInput(),
    bracketMatching(),
    highlightActiveLine(),
    lintGutter(),
    indentUnit.of("    "),
    python(),
    syntaxHighlighting(HIGHLIGHT),
    THEME,
    EditorView.contentAttributes.of({ "aria-label": latest.current.label, tabindex: "0" }),
    EditorView.updateListener.of((update) => {
      if (update.docChanged) latest.current.onChange(update.state.doc.toString());
    }),
    keymap.of([
      {
        key: "Mod-Enter",
        run: () => {
          latest.current.onRun();
          return true;
        },
      },
      // Escape, then Tab leaves the editor by keyboard.
      indentWithTab,
      ...defaultKeymap,
      ...historyKeymap,
    ]),
  ];
}

const THEME = EditorView.theme({
  "&": { height: "100%", color: "var(--ink)", backgroundColor: "var(--raised)", fontSize: "15px" },
  "&.cm-focused": { outline: "3px solid var(--accent)", outlineOffset: "-3px" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.55", overflow: "auto" },
  ".cm-content": { caretColor: "var(--ink)", paddingBlock: "10px" },
  ".cm-cursor": { borderLeftColor: "var(--ink)", borderLeftWidth: "2px" },
  ".cm-gutters": { color: "var(--muted)", backgroundColor: "var(--raised)", border: "0" },
  ".cm-activeLine": { backgroundColor: "color-mix(in srgb, var(--accent) 7%, transparent)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground":
    { backgroundColor: "var(--accent-soft)" },
  ".cm-tooltip": {
    color: "var(--ink)",
    backgroundColor: "var(--surface)",
    border: "1px solid var(--rule)",
    borderRadius: "8px",
    fontFamily: "var(--sans)",
    whiteSpace: "pre-wrap",
  },
  ".cm-lintRange-error": {
    backgroundImage: "none",
    textDecoration: "underline wavy var(--warning) 1.5px",
    textUnderlineOffset: "4px",
  },
});

const HIGHLIGHT = HighlightStyle.define([
  { tag: [tags.keyword, tags.controlKeyword, tags.moduleKeyword], color: "var(--code-keyword)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--code-string)" },
  { tag: [tags.number, tags.bool, tags.null], color: "var(--code-number)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
  { tag: tags.function(tags.variableName), color: "var(--accent)" },
  { tag: tags.definition(tags.variableName), color: "var(--ink)" },
]);
