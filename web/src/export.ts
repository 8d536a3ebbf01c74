import { embeddedApi } from "./api/embedded";
import { byViewName, type View } from "./app/view";
import { start } from "./app/start";

const data = document.getElementById("dichroic-export")?.textContent || "{}";

// The views that need no server to think for them.
start(
  embeddedApi(JSON.parse(data) as Record<string, unknown>),
  byViewName(
    import.meta.glob<{ default: View }>("./views/{model,filters,convolve,feature-maps}/index.tsx"),
  ),
);
