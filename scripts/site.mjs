// The demo's site as it is served: www/ without its server, the port bundled, and a service worker that knows every file by its content.
//
//   node scripts/site.mjs FOLDER [PACKAGE]     PACKAGE is what is served at /pkg/: pkg/ if nothing is said

import { createHash } from "node:crypto";
import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { extname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { build } from "esbuild";
import { root, settings } from "./settings.mjs";

const source = join(root, "www");
const left = ["server", "port"].map((name) => join(source, name));

/** Writes the site into a folder, replacing what is there. */
export async function assembleSite(output, packageFolder = join(root, settings.build.output)) {
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  cpSync(source, output, { recursive: true, filter: (path) => !left.includes(path) });
  await bundlePort(join(output, "port"), packageFolder);
  signServiceWorker(output, packageFolder);
}

/** What the page asks for only when its user wants full-text search. */
const LARGER = "/pkg/full.js";

/** Puts the lists of files before the service worker, as they are now: what the page reaches, and what is kept once it is used. */
export function signServiceWorker(output, packageFolder = join(root, settings.build.output)) {
  const onDisk = (path) => (path.startsWith("/pkg/") ? join(packageFolder, path.slice("/pkg".length)) : join(output, path));
  const hashes = (paths) => Object.fromEntries([...paths].sort().map((path) => [path, hashOf(onDisk(path))]));
  const page = reached("/index.html", onDisk);
  const larger = isFile(onDisk(LARGER)) ? [...reached(LARGER, onDisk)].filter((path) => !page.has(path)) : [];
  const lists = { FILES: hashes(page), ONCE_USED: hashes(larger) };
  const texts = Object.entries(lists).map(([name, list]) => `const ${name} = ${JSON.stringify(list, null, 1)};\n`);
  writeFileSync(join(output, "sw.js"), [...texts, readFileSync(join(source, "sw.js"), "utf8")].join("\n"));
}

const texts = new Set([".html", ".js", ".css", ".webmanifest", ".svg"]);

/** The files that a page names, and those that these name, and so on: whatever is written in quotes and is a file. */
function reached(page, onDisk) {
  const found = new Set([page]);
  for (const path of found) {
    if (!texts.has(extname(path))) continue;
    for (const [, reference] of readFileSync(onDisk(path), "utf8").matchAll(/["'`]([\w./-]+\.\w+)["'`]/g)) {
      const target = posix.resolve(posix.dirname(path), reference);
      if (target !== "/sw.js" && isFile(onDisk(target))) found.add(target);
    }
  }
  return found;
}

const isFile = (path) => existsSync(path) && statSync(path).isFile();

const hashOf = (file) => `sha256-${createHash("sha256").update(readFileSync(file)).digest("base64")}`;

/** React comes as CommonJS, so its page is bundled; the package stays what is served at /pkg/. */
async function bundlePort(output, packageFolder) {
  const port = join(source, "port");
  if (!existsSync(port)) return;
  cpSync(join(port, "index.html"), join(output, "index.html"));
  await build({
    entryPoints: [join(port, "app.jsx")],
    outfile: join(output, "app.js"),
    bundle: true,
    format: "esm",
    jsx: "automatic",
    target: "es2022",
    minify: true,
    define: { "process.env.NODE_ENV": '"production"' },
    nodePaths: [join(root, "node_modules")],
    plugins: [fromPackage(packageFolder)],
    logLevel: "warning",
  });
}

function fromPackage(folder) {
  return {
    name: "throughline",
    setup({ onResolve }) {
      onResolve({ filter: /^throughline$/ }, () => ({ path: "/pkg/index.js", external: true }));
      onResolve({ filter: /^throughline\/\w+$/ }, ({ path }) => ({ path: resolve(folder, `${path.split("/")[1]}.js`) }));
    },
  };
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const [output, packageFolder] = process.argv.slice(2);
  if (!output) throw new Error("node scripts/site.mjs FOLDER [PACKAGE]");
  await assembleSite(resolve(output), packageFolder && resolve(packageFolder));
}
