/**
 * The program under test: what `DICHROIC` names, or the workspace's release build.
 */
import { execFile, spawn } from "node:child_process";
import path from "node:path";
import process from "node:process";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

const here = path.dirname(fileURLToPath(import.meta.url));
const web = path.resolve(here, "../..");

export const workspace = path.resolve(web, "..");
export const results = path.join(web, "e2e/results");
export const trained = path.join(results, "demo.keras");

const program = path.resolve(process.env.DICHROIC ?? path.join(web, "../target/release/dichroic"));

/** What the program prints. */
export async function dichroic(...args) {
  const { stdout } = await promisify(execFile)(program, args, { maxBuffer: 1 << 28 });
  return stdout;
}

export async function dichroicJson(...args) {
  return JSON.parse(await dichroic(...args, "--json"));
}

/**
 * Starts `dichroic explore` and answers once it has said where its page is: `url` and `stop()`.
 */
export async function explore(...args) {
  const server = spawn(program, ["explore", ...args, "--no-open", "--port", "0", "--json"], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const ended = new Promise((resolve) => server.once("exit", resolve));
  const { url } = await firstJson(server);
  return {
    url,
    stop: async () => {
      server.kill("SIGINT");
      await ended;
    },
  };
}

/** The first whole JSON value that the program prints; it goes on running. */
function firstJson(server) {
  return new Promise((resolve, reject) => {
    let text = "";
    server.once("error", reject);
    server.once("exit", (code) =>
      reject(new Error(`${program} ended (${code}) without an address`)),
    );
    server.stdout.setEncoding("utf8").on("data", (part) => {
      text += part;
      if (text.trimEnd().endsWith("}")) resolve(JSON.parse(text));
    });
  });
}

/** One of the photographs inside the program. */
export function photo(name) {
  return path.join(workspace, `crates/dichroic/data/photos/${name}.jpg`);
}
