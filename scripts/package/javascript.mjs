// The JavaScript of the package: src/js bundled by esbuild, its types written by tsc.

import { spawnSync } from "node:child_process";
import { cpSync, existsSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { settings } from "../settings.mjs";

const { name } = settings.build;
const generated = settings.build["wasm-pack-output"];

// An app that runs the crate in a worker of its own imports the glue itself, unless src/js/wasm.ts wraps it.
const wasmEntry = existsSync("src/js/wasm.ts") ? "src/js/wasm.ts" : join(generated, `${name}.js`);

/** The adapters, each for a library that the app brings along. */
export const adapters = { react: "react", vue: "vue", svelte: "svelte", solid: "solid-js", kysely: "kysely", drizzle: "drizzle-orm" };

/** The panel, and the page that shows one; neither is part of what an app loads. */
const inspector = ["inspector", "inspector-page"];
export const page = "src/inspector-page/inspector.html";

/**
 * Writes index.js, worker.js, wasm.js, the adapters, the inspector, and cli.js for Node. Each stands alone beside the module, so that `new URL("./worker.js", import.meta.url)`
 * and the glue's `new URL("…_bg.wasm", import.meta.url)` hold for a bundler and for a plain file server alike.
 * `imports`: what the module calls each of the glue's functions; `whole`: the module in one piece, for inline.js.
 */
export async function bundle(output, imports, whole) {
  const around = Object.fromEntries([...Object.keys(adapters), ...inspector].map((entry) => [entry, `src/js/${entry}.ts`]));
  await build({
    ...module,
    entryPoints: { index: "src/js/index.ts", worker: "src/js/worker.ts", wasm: wasmEntry, ...around },
    external: Object.values(adapters).flatMap((library) => [library, `${library}/*`]),
    outdir: output,
    minify: true,
    sourcemap: true,
    plugins: [generatedGlue(imports)],
  });
  // Beside index.js, so that its classes are the app's; the glue finds the world's time and network in place of a worker's.
  await build({
    ...module,
    entryPoints: { testing: "src/js/testing.ts" },
    external: ["./index.js", "node:*"],
    outdir: output,
    platform: "neutral",
    sourcemap: true,
    plugins: [generatedGlue(imports, worldGlobals)],
  });
  await build({
    ...module,
    entryPoints: { inline: "src/js/inline.ts" },
    outdir: output,
    minify: true,
    // A map would be as large again, and tell nothing that index.js.map does not.
    plugins: [inlinedParts(await inlinedScript(imports), whole)],
  });
  await build({ ...module, entryPoints: { cli: "src/js/cli.ts" }, outdir: output, target: "node20", platform: "node" });
}

/** Writes full.js and its worker, beside index.js, whose classes it hands out. `imports`: what the larger module calls the glue's functions. */
export async function bundleFull(output, imports) {
  const written = { ...module, outdir: output, minify: true, sourcemap: true };
  await build({ ...written, entryPoints: { full: "src/js/full.ts" }, external: ["./index.js"] });
  await build({ ...written, entryPoints: { "full-worker": "src/js/whole.ts" }, plugins: [generatedGlue(imports, "", rename, settings.full)] });
}

/** What all of them are. */
const module = { bundle: true, format: "esm", target: "es2022", platform: "browser", logLevel: "warning" };

const worldGlobals = `import { BroadcastChannel, clearTimeout, Date, fetch, scope as globalThis, setTimeout } from ${JSON.stringify(resolve("src/js/testing/scope.ts"))};
`;

/** src/js imports the generated glue as its neighbour, as tsconfig.json's rootDirs has it. */
function generatedGlue(imports, head = "", change = adapt, made = settings.build) {
  const glue = resolve(made["wasm-pack-output"], `${made.name}.js`);
  return {
    name: "generated-glue",
    setup({ onLoad, onResolve }) {
      onResolve({ filter: new RegExp(`^\\.{1,2}/${name}\\.js$`) }, () => ({ path: glue }));
      onLoad({ filter: new RegExp(`/${made.name}\\.js$`) }, ({ path }) => ({ contents: head + change(readFileSync(path, "utf8"), imports) }));
    },
  };
}

/** The worker's script for a module that comes in one piece. */
async function inlinedScript(imports) {
  const { outputFiles } = await build({
    ...module,
    entryPoints: ["src/js/whole.ts"],
    write: false,
    minify: true,
    plugins: [generatedGlue(imports, "", rename)],
  });
  return outputFiles[0].text;
}

/** Puts script and module where src/js/inline/parts.ts declares them. */
function inlinedParts(script, whole) {
  const wasm = gzipSync(whole, { level: 9 }).toString("base64");
  return {
    name: "inlined-parts",
    setup({ onLoad }) {
      onLoad({ filter: /\/inline\/parts\.ts$/ }, () => ({ contents: `export const script = ${JSON.stringify(script)}, wasm = "${wasm}";` }));
    },
  };
}

/** The glue with the names that the module imports. */
function rename(glue, imports) {
  return glue.replace(/\w+/g, (word) => imports.get(word) ?? word);
}

/** And with the calls by which the module's second file is loaded. */
function adapt(glue, imports) {
  const changes = [
    ["= __wbg_get_imports();", "= withRest(__wbg_get_imports());"],
    ["return __wbg_finalize_init(instance, module);", "__wbg_finalize_init(instance, module);\n    void beginRest(wasm);\n    return wasm;"],
  ];
  const changed = changes.reduce((text, [from, to]) => {
    if (!text.includes(from)) throw new Error(`the glue that wasm-bindgen generates has no "${from}"`);
    return text.replaceAll(from, to);
  }, rename(glue, imports));
  return `import { beginRest, withRest } from ${JSON.stringify(resolve("src/js/rest.ts"))};\n${changed}`;
}

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
