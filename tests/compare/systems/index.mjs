// The systems, in the order in which they are shown. `README.md` tells what an adapter does.

import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { root } from "../harness/bundle.mjs";

const withServer = ["sync10k", "sync100k", "sync1m", "remote", "outbox"];
const without = (cases, reason) => Object.fromEntries(cases.map((id) => [id, reason]));
/** The bare engines. */
const engine = { ...without(withServer, "noSync"), tabs: "noTabs", live: "noLive" };

/** Why a system is left out of a case. */
export const reasons = {
  noSync: "It does not sync with Electric.",
  noService: "It syncs with its own service alone, which is not there.",
  noLive: "It has no live queries.",
  noTabs: "Who has the file among several tabs is the app's to arrange.",
  noElection: "Each tab opens the file for itself: there is nobody to follow and nothing to hand over.",
  noOutbox: "It has no outbox of its own; the one here is ours, for the way of one write.",
  tooLong: "A million rows are left to Throughline and Electric's client: the case would take minutes a run.",
  oursAlone: "Several tabs are measured for Throughline alone.",
  elsewhere: "Its files are called from a worker of its worker.",
  nothing: "There is nothing of the kind in it.",
  inMemory: "It keeps rows in memory, has no SQL, and local writes are the app's.",
};

const npm = "tests/compare/node_modules";

/**
 * `main`: the adapter; `variant`: what it is asked for beside; `workers`: scripts that are bundled by themselves; `scripts`: classic ones;
 * `files`: what is served beside the page. `loadsFromServer`: its rows come by sync. `isolated`: its page needs COOP and COEP. `lacks`: the cases
 * it is left out of, and why.
 */
export const systems = [
  {
    id: "throughline",
    title: "Throughline",
    main: "throughline.js",
    // What its worker may load, whether the first row needs it or not.
    files: existsSync(join(root, "pkg")) ? readdirSync(join(root, "pkg")).filter((file) => /^(?!index|wasm).*\.(js|wasm)$/.test(file)).map((file) => `pkg/${file}`) : [],
    loadsFromServer: true,
  },
  ...["delete", "wal"].map((variant) => ({
    id: `sqlite-wasm-${variant}`,
    title: `sqlite-wasm sahpool, ${variant === "wal" ? "WAL" : "rollback journal"}`,
    short: `sqlite-wasm ${variant}`,
    main: "sqlite-wasm.js",
    variant,
    workers: { worker: "systems/sqlite-wasm.worker.js" },
    files: [`${npm}/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm`],
    lacks: engine,
  })),
  {
    id: "wa-sqlite",
    title: "wa-sqlite OPFSCoopSync",
    short: "wa-sqlite",
    main: "wa-sqlite.js",
    workers: { worker: "systems/wa-sqlite.worker.js" },
    files: [`${npm}/@journeyapps/wa-sqlite/dist/wa-sqlite.wasm`],
    lacks: engine,
  },
  {
    id: "sqlocal",
    title: "SQLocal",
    main: "sqlocal.js",
    workers: { worker: "node_modules/sqlocal/dist/worker.js" },
    scripts: ["node_modules/sqlocal/node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3-opfs-async-proxy.js"],
    files: [`${npm}/sqlocal/node_modules/@sqlite.org/sqlite-wasm/dist/sqlite3.wasm`],
    isolated: true,
    lacks: { ...without(withServer, "noSync"), calls: "elsewhere", tabs: "noElection" },
  },
  {
    id: "powersync",
    title: "PowerSync OPFSCoopSync",
    short: "PowerSync",
    main: "powersync.js",
    workers: { worker: "node_modules/@powersync/web/lib/worker/worker.js" },
    files: [`${npm}/@journeyapps/wa-sqlite/dist/wa-sqlite.wasm`],
    lacks: { ...without(withServer, "noService"), tabs: "noElection" },
  },
  {
    id: "pglite",
    title: "PGlite + pglite-sync",
    short: "PGlite",
    main: "pglite.js",
    workers: { worker: "systems/pglite.worker.js" },
    files: ["pglite.wasm", "pglite.data", "initdb.wasm"].map((file) => `${npm}/@electric-sql/pglite/dist/${file}`),
    lacks: { sync1m: "tooLong", outbox: "noOutbox", tabs: "oursAlone" },
  },
  {
    id: "electric-client",
    title: "@electric-sql/client",
    short: "Electric client",
    main: "electric-client.js",
    lacks: without(["open", "calls", "small", "large", "live", "outbox", "tabs"], "inMemory"),
  },
];
