// The WebAssembly module: made small, and refused when a browser could not load it.

import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { settings } from "../settings.mjs";
import { nameByLikeness } from "./order.mjs";

const cache = "target/wasm-opt";
const options = settings.build["wasm-opt"];
const features = options.filter((option) => option.startsWith("--enable-"));

/** The module as wasm-opt makes it, with the names of its functions. */
export function optimise(module) {
  return once(module, [JSON.stringify(options)], (file) => run([...options, "--debuginfo", file, "-o", file]));
}

/** The module without names, its functions in the order that compresses best. */
export function order(module) {
  return once(module, [readFileSync(ordering)], (file) => {
    writeFileSync(file, nameByLikeness(readFileSync(file)));
    run([...features, "--reorder-functions-by-name", "--strip-debug", file, "-o", file]);
  });
}

/** What `make` makes of a file that holds the module, or what came of the same before. `parts` are what else it depends on. */
function once(module, parts, make) {
  const key = [module, version(), ...parts].reduce((hash, part) => hash.update(part), createHash("sha256")).digest("hex");
  const made = join(cache, `${key}.wasm`);
  if (!existsSync(made)) {
    mkdirSync(cache, { recursive: true });
    const unfinished = `${made}.part`;
    writeFileSync(unfinished, module);
    make(unfinished);
    renameSync(unfinished, made);
  }
  return readFileSync(made);
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
export function refuseForeignImports(module) {
  const foreign = WebAssembly.Module.imports(new WebAssembly.Module(module)).filter(({ module }) => module === "env");
  if (foreign.length > 0) {
    throw new Error(`the module imports from "env", which no browser has: ${foreign.map(({ name }) => name).join(", ")}`);
  }
}
