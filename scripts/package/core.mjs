// How much JavaScript an app gets on its main thread: of the core what it uses, and an adapter.

import { mkdirSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { adapters } from "./javascript.mjs";
import { measure } from "./sizes.mjs";

/** What an app imports of the core; `databases()`, `deleteDatabase()` and `toDate()` are in it for those who use them. */
const used = "open, sql, ThroughlineError";

/** Prints the sizes; true when one is over its budget. Budgets are bytes, brotli. */
export async function reportScripts(output, budget) {
  const folder = resolve("target/core");
  mkdirSync(folder, { recursive: true });
  const outfile = join(folder, "core.js");
  const contents = `export { ${used} } from ${JSON.stringify(resolve(output, "index.js"))};`;
  await build({ stdin: { contents, resolveDir: folder }, outfile, bundle: true, minify: true, format: "esm", target: "es2022", logLevel: "warning" });
  const scripts = [
    [`core: ${used}`, outfile, budget.core],
    ...Object.keys(adapters).map((name) => [`adapter: ${name}`, join(output, `${name}.js`), budget.adapter]),
  ];
  return scripts
    .map(([what, file, most]) => {
      const { brotli } = measure(file);
      console.log(`${what.padEnd(44)}${String(brotli).padStart(10)} of ${most}`);
      if (brotli > most) console.error(`${what}: ${brotli - most} bytes over the budget of ${most} (wasm-pack.toml, [budget])`);
      return brotli > most;
    })
    .some(Boolean);
}
