import { httpApi } from "./api/http";
import { byViewName, type View } from "./app/view";
import { start } from "./app/start";

start(httpApi, byViewName(import.meta.glob<{ default: View }>("./views/*/index.tsx")));
