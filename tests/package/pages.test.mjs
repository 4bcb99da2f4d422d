// One page, built by each bundler or by none.

import { cpSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { basename, join } from "node:path";
import { describe, it } from "node:test";
import { build as esbuild } from "esbuild";
import { build as viteBuild, createServer as createViteServer } from "vite";
import { apps, filesBelow } from "./support/apps.mjs";
import { answers } from "./support/browser.mjs";
import { serve } from "./support/sites.mjs";

const page = join(apps(), "page");
const installed = join(apps(), "node_modules/throughline");

/** A folder to build into, the page itself in it. */
function output(bundler, root = page) {
  const folder = join(apps(), "built", bundler);
  cpSync(join(root, "index.html"), join(folder, "index.html"));
  return folder;
}

async function builtByVite(name, root = page) {
  const outDir = join(apps(), "built", name);
  await viteBuild({ root, configFile: false, logLevel: "error", build: { outDir } });
  return serve({ "/": outDir });
}

async function servedByVite(root = page) {
  const vite = await createViteServer({ root, configFile: false, logLevel: "error", server: { port: 0, host: "localhost" } });
  await vite.listen();
  return { url: vite.resolvedUrls.local[0], close: () => vite.close() };
}

async function builtByWebpack(name, root = page) {
  const path = output(name, root);
  const webpack = createRequire(join(apps(), "package.json"))("webpack");
  const compiler = webpack({ mode: "production", context: root, entry: "./app.js", output: { path, filename: "app.js" } });
  await new Promise((resolve, reject) =>
    compiler.run((error, stats) => (error || stats.hasErrors() ? reject(error ?? new Error(stats.toString())) : resolve())),
  );
  return serve({ "/": path });
}

describe("a page answers a query", () => {
  it("built by Vite, without configuration", async () => {
    await answers(await builtByVite("vite"));
  });

  it("served by Vite for development, without configuration", async () => {
    await answers(await servedByVite());
  });

  it("built by webpack, without configuration", async () => {
    await answers(await builtByWebpack("webpack"));
  });

  // esbuild leaves `new URL(…, import.meta.url)` as it is: the worker is built as a second entry, the module copied beside it.
  it("built by esbuild, with the worker as an entry and the module beside it", async () => {
    const outdir = output("esbuild");
    await esbuild({
      absWorkingDir: page,
      entryPoints: { app: "app.js", worker: "throughline/worker" },
      bundle: true,
      format: "esm",
      minify: true,
      logLevel: "warning",
      outdir,
    });
    for (const file of filesBelow(installed).filter((file) => file.endsWith(".wasm"))) cpSync(join(installed, file), join(outdir, basename(file)));
    await answers(await serve({ "/": outdir }));
  });

  const files = { "/node_modules/throughline/": installed };

  it("served as files, with an import map", async () => {
    await answers(await serve({ "/": join(apps(), "plain"), "/page/": page, ...files }));
  });

  describe("under a strict content security policy", () => {
    const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'; worker-src 'self'; img-src data:";
    const headers = { "content-security-policy": policy };

    it("built by Vite", async () => {
      await answers(await serve({ "/": join(apps(), "built/vite") }, headers));
    });

    it("with worker and module inside, built by esbuild into one file, where the policy lets in blobs", async () => {
      const outdir = join(apps(), "built/inline");
      cpSync(join(apps(), "inline/index.html"), join(outdir, "index.html"));
      await esbuild({ absWorkingDir: join(apps(), "inline"), entryPoints: ["app.js"], bundle: true, format: "esm", logLevel: "warning", outdir });
      const blobs = policy.replace("connect-src 'self'", "connect-src blob:").replace("worker-src 'self'", "worker-src blob:");
      await answers(await serve({ "/": outdir }, { "content-security-policy": blobs }), { modules: 0 });
    });

    // An import map would be inline: the app names the file.
    it("served as files", async () => {
      await answers(await serve({ "/": join(apps(), "strict"), "/page/": page, ...files }, headers));
    });
  });
});

/** The module of `throughline/full`, alone. */
const whole = { modules: 1 };

describe("a page searches texts by throughline/full", () => {
  const full = join(apps(), "full");

  it("built by Vite, without configuration", async () => {
    await answers(await builtByVite("vite-full", full), whole);
  });

  it("served by Vite for development, without configuration", async () => {
    await answers(await servedByVite(full), whole);
  });

  it("built by webpack, without configuration", async () => {
    await answers(await builtByWebpack("webpack-full", full), whole);
  });

  it("served as files, where the app names the file", async () => {
    const app = readFileSync(join(full, "app.js"), "utf8").replace("throughline/full", "/node_modules/throughline/full.js");
    const folder = output("plain-full", full);
    writeFileSync(join(folder, "app.js"), app);
    await answers(await serve({ "/": folder, "/page/": page, "/node_modules/throughline/": installed }), whole);
  });
});
