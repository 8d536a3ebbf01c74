import { render } from "preact";
import type { Api } from "../api/client";
import { chooseLanguage } from "../i18n/language";
import { App } from "./App";
import { openSession, session } from "./session";
import { followTheme } from "./theme";
import type { ViewLoaders } from "./view";
import "../styles/page.css";

/** Draws the page: first the session, which may name a language, then everything else. */
export async function start(api: Api, views: ViewLoaders): Promise<void> {
  followTheme();
  await openSession(api);
  await chooseLanguage(session.value?.language ?? null);
  render(<App api={api} views={views} />, document.getElementById("page")!);
}
