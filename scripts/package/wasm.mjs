// The WebAssembly module: made small, and refused when a browser could not load it.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settings } from "../settings.mjs";
import { nameByLikeness } from "./order.mjs";

const cache = "target/wasm-opt";

/** Runs wasm-opt and puts the functions in order, or takes what came of the same module with the same options before. */
export function optimise(input, output) {
  const options = settings.build["wasm-opt"];
  const features = options.filter((option) => option.startsWith("--enable-"));
  const parts = [readFileSync(input), readFileSync(ordering), JSON.stringify(options), version()];
  const key = parts.reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
  const optimised = join(cache, `${key}.wasm`);
  if (!existsSync(optimised)) {
    mkdirSync(cache, { recursive: true });
    const unfinished = `${optimised}.part`;
    run([...options, input, "-o", unfinished]);
    writeFileSync(unfinished, nameByLikeness(readFileSync(unfinished)));
    run([...features, "--reorder-functions-by-name", "--strip-debug", unfinished, "-o", unfinished]);
    renameSync(unfinished, optimised);
  }
  cpSync(optimised, output);
}

function run(options) {
  execFileSync(process.execPath, [wasmOpt, ...options], { stdio: "inherit" });
}

const ordering = "scripts/package/order.mjs";
const wasmOpt = "node_modules/binaryen/bin/wasm-opt";

function version() {
  return JSON.parse(readFileSync("node_modules/binaryen/package.json", "utf8")).version;
}

/**
 * Fails when the module imports from `env`: C code then calls a function nobody defines, and the module would not load.
 * wasm-bindgen's own imports come from its generated JavaScript.
 */
export function refuseForeignImports(file) {
  const foreign = WebAssembly.Module.imports(new WebAssembly.Module(readFileSync(file))).filter(({ module }) => module === "env");
  if (foreign.length > 0) {
    throw new Error(`${file} imports from "env", which no browser has: ${foreign.map(({ name }) => name).join(", ")}`);
  }
}
