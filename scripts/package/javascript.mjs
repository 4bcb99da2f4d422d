// The JavaScript of the package: src/js bundled by esbuild, its types written by tsc.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { build } from "esbuild";
import { settings } from "../settings.mjs";

const { name } = settings.build;
const generated = settings.build["wasm-pack-output"];

// An app that runs the crate in a worker of its own imports the glue itself, unless src/js/wasm.ts wraps it.
const wasmEntry = existsSync("src/js/wasm.ts") ? "src/js/wasm.ts" : join(generated, `${name}.js`);

/**
 * Writes index.js, worker.js and wasm.js. Each stands alone beside the module, so that `new URL("./worker.js", import.meta.url)`
 * and the glue's `new URL("…_bg.wasm", import.meta.url)` hold for a bundler and for a plain file server alike.
 */
export async function bundle(output) {
  await build({
    entryPoints: { index: "src/js/index.ts", worker: "src/js/worker.ts", wasm: wasmEntry },
    outdir: output,
    bundle: true,
    format: "esm",
    target: "es2022",
    platform: "browser",
    minify: true,
    sourcemap: true,
    plugins: [generatedGlue],
    logLevel: "warning",
  });
}

/** src/js imports the generated glue as its neighbour, as tsconfig.json's rootDirs has it. */
const generatedGlue = {
  name: "generated-glue",
  setup({ onResolve }) {
    const glue = resolve(generated, `${name}.js`);
    onResolve({ filter: new RegExp(`^\\./${name}\\.js$`) }, () => ({ path: glue }));
  },
};

/** Writes the declarations of every entry, with those of the generated glue beside them. */
export function declarations(output) {
  for (const project of ["tsconfig.json", "tsconfig.worker.json"]) {
    const options = ["--project", project, "--noEmit", "false", "--emitDeclarationOnly", "--declaration", "--outDir", output];
    const { status } = spawnSync(process.execPath, ["node_modules/typescript/bin/tsc", ...options], { stdio: "inherit" });
    // tsc has said what is wrong.
    if (status !== 0) process.exit(1);
  }
  cpSync(join(generated, `${name}.d.ts`), join(output, `${name}.d.ts`));
  if (!existsSync("src/js/wasm.ts")) {
    writeFileSync(join(output, "wasm.d.ts"), `export * from "./${name}.js";\nexport { default } from "./${name}.js";\n`);
  }
}
