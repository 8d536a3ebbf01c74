/** Trains the model that the tests look at: the program's own demonstration, on the embedded photographs. */
import { mkdir, stat } from "node:fs/promises";
import { dichroic, results, trained } from "./support/program.mjs";

await mkdir(results, { recursive: true });
const known = await stat(trained).catch(() => null);
if (!known) await dichroic("demo", "--out", results);
