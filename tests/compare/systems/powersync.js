// PowerSync without its service: its view, its triggers and its queue of writes are there, nothing comes in or goes out.

import { PowerSyncDatabase, Schema, Table, WASQLiteVFS, column } from "@powersync/web";

const todos = new Table(
  { title: column.text, completed: column.integer, created_at: column.text, write_id: column.text },
  { indexes: { created_at: ["created_at"] } },
);
const schema = new Schema({ todos, picks: new Table({ note: column.text }, { localOnly: true }) });

/** It takes no booleans. */
const plain = (params = []) => params.map((value) => (typeof value === "boolean" ? Number(value) : value));

export async function open() {
  const db = new PowerSyncDatabase({
    schema,
    database: {
      dbFilename: "compare.db",
      vfs: WASQLiteVFS.OPFSCoopSyncVFS,
      // Off by default; the others keep their statements too.
      preparedStatementsCache: 100,
      worker: () => new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
    },
  });
  await db.init();
  // Its own choice survives no power cut.
  await db.execute("PRAGMA synchronous = FULL");
  return {
    execute: (sql, params) => db.execute(sql, plain(params)),
    batch: (sql, rows) => db.executeBatch(sql, rows.map(plain)),
    query: (sql, params) => db.getAll(sql, plain(params)),
    live({ sql, params = [] }, onRows, onError) {
      const stop = new AbortController();
      const told = { onResult: (result) => onRows(result.rows?._array ?? result.array), onError };
      db.watch(sql, params, told, { throttleMs: 0, signal: stop.signal });
      return () => stop.abort();
    },
    /** It stands in the schema. */
    createPicks: async () => {},
    async settings() {
      const values = {};
      for (const name of ["journal_mode", "locking_mode", "synchronous", "page_size", "cache_size"]) {
        values[name] = Object.values(await db.execute(`PRAGMA ${name}`).then(({ rows }) => rows._array[0]))[0];
      }
      return values;
    },
    close: () => db.close(),
  };
}
