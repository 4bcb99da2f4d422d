// Puts the npm package together: what wasm-pack made, the TypeScript around it, the manifest and the documents.
//
// It grows beside the old one and takes its place at the end, so a build that fails leaves a package that works.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { root, settings } from "../settings.mjs";
import { reportScripts } from "./core.mjs";
import { shortenImports } from "./imports.mjs";
import { bundle, bundleFull, declarations, page } from "./javascript.mjs";
import { manifest } from "./manifest.mjs";
import { measure, report } from "./sizes.mjs";
import { split } from "./split.mjs";
import { isOfTheseCompilers } from "./taken.mjs";
import { optimise, order, refuseForeignImports } from "./wasm.mjs";

process.chdir(root);

const { name, output } = settings.build;
const wasm = `${name}_bg.wasm`;
const rest = `${name}_rest.wasm`;
const fullWasm = `${settings.full.name}_bg.wasm`;
const staging = resolve("target/package");

rmSync(staging, { recursive: true, force: true });
mkdirSync(staging, { recursive: true });

const { module, names } = shortenImports(moduleOf(settings.build));
const files = split(module);
writeFileSync(join(staging, wasm), order(files.first));
writeFileSync(join(staging, rest), order(files.rest));
const full = shortenImports(moduleOf(settings.full));
writeFileSync(join(staging, fullWasm), order(full.module));
await bundle(staging, names, order(module));
await bundleFull(staging, full.names);
declarations(join(staging, "types"));
cpSync(page, join(staging, basename(page)));
writeFileSync(join(staging, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
for (const document of readdirSync(".").filter((file) => /^(README\.md|CHANGELOG\.md|LICENSE.*)$/.test(file))) {
  cpSync(document, join(staging, document));
}

if (existsSync(output)) rmSync(output, { recursive: true });
renameSync(staging, output);

/** What wasm-pack made, made small. */
function moduleOf(made) {
  const module = optimise(readFileSync(join(made["wasm-pack-output"], `${made.name}_bg.wasm`)));
  refuseForeignImports(module);
  return module;
}

const sizes = (files) => files.map((file) => measure(join(output, file)));
const { budget } = settings;
const isKnown = isOfTheseCompilers();
if (!isKnown) console.log("scripts/package/taken.txt was made after other compilers: the first file is larger, and its budget does not count");
const overBudget = report(sizes(["index.js", "worker.js", wasm]), sizes([rest]), sizes(["index.js", "full.js", "full-worker.js", fullWasm]), isKnown ? budget : { ...budget, "first-row": Infinity, brotli: Infinity });
const scriptsOverBudget = await reportScripts(output, budget);
if (overBudget || scriptsOverBudget) process.exitCode = 1;
