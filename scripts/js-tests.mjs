// Bundles tests/js for Node, which does not run TypeScript itself in every version we support, and runs what came out; with it the
// tests of what reports the comparison, which need no bundling.

import { spawnSync } from "node:child_process";
import { readdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { root } from "./settings.mjs";

process.chdir(root);

const source = "tests/js";
const output = "target/js-tests";
const tests = readdirSync(source).filter((file) => file.endsWith(".test.ts"));

rmSync(output, { recursive: true, force: true });
await build({
  entryPoints: tests.map((file) => join(source, file)),
  outdir: output,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  // A framework is the same one for the adapter and for what stands beside it.
  packages: "external",
  format: "esm",
  platform: "node",
  target: "node20",
  sourcemap: true,
  logLevel: "warning",
});

const bundles = tests.map((file) => join(output, file.replace(/\.ts$/, ".mjs")));
const plain = ["tests/compare/report/report.test.mjs"];
const { status } = spawnSync(process.execPath, ["--enable-source-maps", "--test", ...bundles, ...plain], { stdio: "inherit" });
process.exitCode = status ?? 1;
