// Puts the npm package together: what wasm-pack made, the TypeScript around it, the manifest and the documents.
//
// It grows beside the old one and takes its place at the end, so a build that fails leaves a package that works.

import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { root, settings } from "../settings.mjs";
import { shortenImports } from "./imports.mjs";
import { bundle, declarations } from "./javascript.mjs";
import { manifest } from "./manifest.mjs";
import { measure, report } from "./sizes.mjs";
import { optimise, refuseForeignImports } from "./wasm.mjs";

process.chdir(root);

const { name, output } = settings.build;
const generated = settings.build["wasm-pack-output"];
const wasm = `${name}_bg.wasm`;
const staging = resolve("target/package");

rmSync(staging, { recursive: true, force: true });
mkdirSync(staging, { recursive: true });

optimise(join(generated, wasm), join(staging, wasm));
refuseForeignImports(join(staging, wasm));
const { module, names } = shortenImports(readFileSync(join(staging, wasm)));
writeFileSync(join(staging, wasm), module);
await bundle(staging, names);
declarations(join(staging, "types"));
writeFileSync(join(staging, "package.json"), `${JSON.stringify(manifest(), null, 2)}\n`);
for (const document of readdirSync(".").filter((file) => /^(README\.md|CHANGELOG\.md|LICENSE.*)$/.test(file))) {
  cpSync(document, join(staging, document));
}

if (existsSync(output)) rmSync(output, { recursive: true });
renameSync(staging, output);

const downloaded = ["index.js", "worker.js", wasm];
const overBudget = report(downloaded.map((file) => measure(join(output, file))), settings.budget);
if (overBudget) process.exitCode = 1;
