/**
 * `throughline` with full-text search (FTS5), R-trees and SQLite's maths functions, by a larger wasm module. A database that has such
 * tables is opened from here in every tab: without the module, SQLite cannot read them.
 *
 * @packageDocumentation
 */

import { open as openPlain, type AnyTables, type Database, type OpenOptions, type Waiting } from "./index.js";

export * from "./index.js";

/**
 * Opens a database as `open` of `throughline` does.
 *
 * @example
 * ```ts
 * import { open } from "throughline/full";
 * const db = await open({ name: "app", tables: {} });
 * await db.execute("CREATE VIRTUAL TABLE IF NOT EXISTS notes USING fts5 (body)");
 * const found = await db.query("SELECT body FROM notes WHERE notes MATCH ? ORDER BY rank", ["milk"]);
 * ```
 * @throws ThroughlineError as `open` does.
 */
export function open<Tables extends object = AnyTables>(options: OpenOptions<Tables>, waiting?: Waiting): Promise<Database<Tables>> {
  // Elsewhere than in a browser it says so itself.
  const starts = !options.workerUrl && "Worker" in globalThis;
  return openPlain({ ...(starts && { worker: startWorker }), ...options }, waiting);
}

/** Bundlers find the worker by this very form; webpack would put two of one name into one file. */
function startWorker(): Worker {
  return new Worker(new URL("./full-worker.js", import.meta.url), { type: "module", name: "throughline-full" });
}
