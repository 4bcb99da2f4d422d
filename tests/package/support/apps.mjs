// A folder of fresh apps: copies of tests/apps, with their tools and the packed package installed beside them.

import { execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

export const root = resolve(import.meta.dirname, "../../..");
export const packageFolder = join(root, "pkg");

/** The folder that ./dev test package made; run alone, a test file makes one of its own, which goes with it. */
export function apps() {
  if (process.env.THROUGHLINE_APPS) return process.env.THROUGHLINE_APPS;
  const folder = mkdtempSync(join(tmpdir(), "throughline-apps-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  install(folder);
  return (process.env.THROUGHLINE_APPS = folder);
}

/** Copies the apps, installs what their lockfile names, then the package. Tools that are there already stay. */
export function install(folder) {
  cpSync(join(root, "tests/apps"), folder, { recursive: true });
  if (!existsSync(join(folder, "node_modules"))) npm(folder, "ci", "--ignore-scripts", "--prefer-offline");
  npm(folder, "install", "--ignore-scripts", "--offline", "--no-save", pack(folder));
}

/** Packs the package into a folder; the tarball's name. */
export function pack(folder) {
  const [{ filename }] = JSON.parse(npm(folder, "pack", packageFolder, "--json"));
  return `./${filename}`;
}

/** Runs npm; what it prints. */
export function npm(folder, ...args) {
  const quiet = ["--no-audit", "--no-fund", "--loglevel=error"];
  return execFileSync("npm", [...args, ...quiet], { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}

/** Every file below a folder, as paths from there. */
export function filesBelow(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name).slice(folder.length + 1))
    .sort();
}
