// The package.json that is published.

import { crate, settings } from "../settings.mjs";

const entry = (name) => ({ types: `./types/${name}.d.ts`, default: `./${name}.js` });

/** Says what the package is; facts that Cargo.toml states are read from there. */
export function manifest() {
  const wasm = ["bg", "rest"].map((part) => `./${settings.build.name}_${part}.wasm`);
  return {
    name: crate.name,
    version: crate.version,
    description: crate.description,
    license: crate.license,
    keywords: ["sqlite", "electric", "postgres", "sync", "local-first", "offline", "opfs", "wasm"],
    type: "module",
    main: "./index.js",
    types: "./types/index.d.ts",
    exports: {
      ".": entry("index"),
      "./worker": entry("worker"),
      "./wasm": entry("wasm"),
      // For a bundler or a server that is to be told where the module's two files lie.
      ...Object.fromEntries(wasm.map((file) => [file, file])),
      "./package.json": "./package.json",
    },
    // The worker is nothing but its effect.
    sideEffects: ["./worker.js"],
    files: ["*.js", "*.js.map", "*.wasm", "types", "CHANGELOG.md", "LICENSE*"],
  };
}
