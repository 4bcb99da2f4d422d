// Reads wasm-pack.toml, and Cargo.toml for the facts that stand there.
//
// Imported, it gives `settings` and `crate`; run, it prints both as shell assignments for ./dev:
// `[tools] wasm-pack` becomes SETTING_TOOLS_WASM_PACK, and a list is joined by spaces.

import { readFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { parse } from "smol-toml";

export const root = resolve(dirname(fileURLToPath(import.meta.url)), "..");

const read = (file) => parse(readFileSync(resolve(root, file), "utf8"));

export const settings = read("wasm-pack.toml");

const cargo = read("Cargo.toml");

/** What Cargo.toml says of the crate, with the version wasm-bindgen's command line must have. */
export const crate = {
  name: cargo.package.name,
  description: cargo.package.description,
  version: cargo.workspace.package.version,
  license: cargo.workspace.package.license,
  "rust-version": cargo.workspace.package["rust-version"],
  "wasm-bindgen": exactVersion("wasm-bindgen"),
};

function exactVersion(dependency) {
  const tables = [cargo, ...Object.values(cargo.target ?? {})].map((table) => table.dependencies ?? {});
  const requirement = tables.map((table) => table[dependency]).find((found) => found !== undefined);
  const version = typeof requirement === "string" ? requirement : requirement?.version;
  if (!version?.startsWith("=")) {
    throw new Error(`Cargo.toml must pin ${dependency} as "=x.y.z": its command line has to be the very same version`);
  }
  return version.slice(1);
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  for (const [section, table] of Object.entries({ ...settings, crate })) {
    for (const [key, value] of Object.entries(table)) {
      const name = `SETTING_${section}_${key}`.toUpperCase().replaceAll("-", "_");
      const text = [value].flat().join(" ").replaceAll("'", `'\\''`);
      console.log(`${name}='${text}'`);
    }
  }
}
