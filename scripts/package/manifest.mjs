// The package.json that is published.

import { crate, settings } from "../settings.mjs";
import { adapters } from "./javascript.mjs";

/** useSyncExternalStore came with React 18. The Svelte entry needs nothing of Svelte. */
const oldest = { react: ">=18", vue: ">=3.3", "solid-js": ">=1.6", kysely: ">=0.27", "drizzle-orm": ">=0.36" };

const entry = (name) => ({ types: `./types/${name}.d.ts`, default: `./${name}.js` });

/** Says what the package is; facts that Cargo.toml states are read from there. */
export function manifest() {
  const { build, full } = settings;
  const wasm = [`${build.name}_bg`, `${build.name}_rest`, `${full.name}_bg`].map((file) => `./${file}.wasm`);
  return {
    name: crate.name,
    version: crate.version,
    description: crate.description,
    license: crate.license,
    keywords: ["sqlite", "electric", "postgres", "sync", "local-first", "offline", "opfs", "wasm"],
    type: "module",
    main: "./index.js",
    types: "./types/index.d.ts",
    bin: { [crate.name]: "./cli.js" },
    exports: {
      ".": entry("index"),
      "./worker": entry("worker"),
      "./wasm": entry("wasm"),
      ...Object.fromEntries(Object.keys(adapters).map((name) => [`./${name}`, entry(name)])),
      "./inspector": entry("inspector"),
      // A page for a browser: to be served from the app's origin with all that stands beside it.
      "./inspector.html": "./inspector.html",
      "./inline": entry("inline"),
      "./full": entry("full"),
      "./full-worker": { types: "./types/whole.d.ts", default: "./full-worker.js" },
      "./testing": entry("testing"),
      // For a bundler or a server that is to be told where the modules' files lie.
      ...Object.fromEntries(wasm.map((file) => [file, file])),
      "./package.json": "./package.json",
    },
    // An app has the one it uses; the oldest is what each adapter's API came with.
    peerDependencies: oldest,
    peerDependenciesMeta: Object.fromEntries(Object.keys(oldest).map((name) => [name, { optional: true }])),
    // These are nothing but their effects.
    sideEffects: ["./worker.js", "./full-worker.js", "./inspector-page.js"],
    files: ["*.js", "*.js.map", "*.wasm", "*.html", "types", "CHANGELOG.md", "LICENSE*"],
  };
}
