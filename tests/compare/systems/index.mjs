// The systems, in the order in which they are shown. `README.md` tells what an adapter does.

const npm = "tests/compare/node_modules";

/**
 * `main`: the adapter; `variant`: what it is asked for beside; `workers`: scripts that are bundled by themselves; `files`: what is served
 * beside the page. `loadsFromServer`: its rows come by sync. `isolated`: its page needs COOP and COEP.
 */
export const systems = [
  {
    id: "throughline",
    title: "Throughline",
    main: "throughline.js",
    files: ["pkg/worker.js", "pkg/throughline_bg.wasm"],
    loadsFromServer: true,
  },
  ...["delete", "wal"].map((variant) => ({
    id: `sqlite-wasm-${variant}`,
    title: `sqlite-wasm sahpool, ${variant === "wal" ? "WAL" : "rollback journal"}`,
    main: "sqlite-wasm.js",
    variant,
    workers: { worker: "systems/sqlite-wasm.worker.js" },
    files: [`${npm}/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm`],
  })),
];
