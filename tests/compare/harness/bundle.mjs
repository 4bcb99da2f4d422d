// A page for each system, minified as an app ships it, in one folder each.

import { build } from "esbuild";
import { copyFileSync, mkdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";

export const here = join(import.meta.dirname, "..");
export const root = join(here, "../..");
/** Where they are, as long as this process lives. */
export const siteFolder = join(root, `target/compare/site-${process.pid}`);

/** Builds the pages of these systems. */
export async function bundle(systems) {
  process.once("exit", () => rmSync(siteFolder, { recursive: true, force: true }));
  for (const system of systems) {
    const folder = join(siteFolder, system.id);
    mkdirSync(folder, { recursive: true });
    writeFileSync(
      join(folder, "index.html"),
      `<!doctype html><meta charset="utf-8"><title>${system.title}</title><link rel="icon" href="data:,">` +
        `<script type="module" src="page.js"></script>\n`,
    );
    const page = `
      import { start } from "./page/start.js";
      import { open } from "./systems/${system.main}";
      start(open, ${JSON.stringify(system.variant ?? null)}, () => import("./page/operations.js"));
    `;
    const settings = {
      absWorkingDir: here,
      bundle: true,
      minify: true,
      format: "esm",
      target: "es2022",
      outdir: folder,
      alias: { throughline: join(root, "pkg/index.js") },
      // Branches for Node of packages that run in both.
      external: ["module", "node:*", "fs", "path", "url", "worker_threads", "ws"],
      logLevel: "error",
      ...system.build,
    };
    await build({
      ...settings,
      stdin: { contents: page, resolveDir: here, sourcefile: "page.js" },
      entryNames: "page",
      chunkNames: "[name]-[hash]",
      splitting: true,
    });
    // Each worker is a bundle of its own, as it has no chunk in common with the page.
    for (const [name, entry] of Object.entries(system.workers ?? {})) {
      await build({ ...settings, entryPoints: { [name]: entry }, chunkNames: `${name}-[name]-[hash]`, splitting: true });
    }
    for (const script of system.scripts ?? []) {
      await build({ absWorkingDir: here, entryPoints: [script], outfile: join(folder, basename(script)), minify: true, logLevel: "error" });
    }
    for (const file of system.files ?? []) copyFileSync(join(root, file), join(folder, basename(file)));
  }
}
