// The systems, in the order in which they are shown. `README.md` tells what an adapter does.

const npm = "tests/compare/node_modules";

/**
 * `main`: the adapter; `variant`: what it is asked for beside; `workers`: scripts that are bundled by themselves; `scripts`: classic ones;
 * `files`: what is served beside the page. `loadsFromServer`: its rows come by sync. `isolated`: its page needs COOP and COEP.
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
  {
    id: "wa-sqlite",
    title: "wa-sqlite OPFSCoopSync",
    main: "wa-sqlite.js",
    workers: { worker: "systems/wa-sqlite.worker.js" },
    files: [`${npm}/@journeyapps/wa-sqlite/dist/wa-sqlite.wasm`],
  },
  {
    id: "sqlocal",
    title: "SQLocal",
    main: "sqlocal.js",
    workers: { worker: "node_modules/sqlocal/dist/worker.js" },
    scripts: ["node_modules/sqlocal/node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3-opfs-async-proxy.js"],
    files: [`${npm}/sqlocal/node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm`],
    isolated: true,
  },
  {
    id: "powersync",
    title: "PowerSync OPFSCoopSync",
    main: "powersync.js",
    workers: { worker: "node_modules/@powersync/web/lib/worker/worker.js" },
    files: [`${npm}/@journeyapps/wa-sqlite/dist/wa-sqlite.wasm`],
  },
  {
    id: "pglite",
    title: "PGlite + pglite-sync",
    main: "pglite.js",
    workers: { worker: "systems/pglite.worker.js" },
    files: ["pglite.wasm", "pglite.data", "initdb.wasm"].map((file) => `${npm}/@electric-sql/pglite/dist/${file}`),
  },
];
