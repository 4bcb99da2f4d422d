// SQLocal: its own worker, its own messages, the bare table.

import { SQLocal } from "sqlocal";
import { CREATE_BARE } from "../page/todos.js";

/** `live`: tell of changes, which costs every write something. */
export async function open({ live = false }) {
  const db = new SQLocal({
    databasePath: "compare.db",
    reactive: live,
    onInit: () => CREATE_BARE.map((sql) => ({ sql, params: [] })),
    processor: new Worker(new URL("./worker.js", import.meta.url), { type: "module" }),
  });
  return {
    execute: (sql, params) => db.sql(sql, ...params),
    batch: (sql, rows) => db.batch(() => rows.map((params) => ({ sql, params }))),
    query: (sql, params = []) => db.sql(sql, ...params),
    live({ sql, params = [] }, onRows) {
      const { unsubscribe } = db.reactiveQuery({ sql, params }).subscribe(onRows);
      return unsubscribe;
    },
    createPicks: () => db.sql("CREATE TABLE picks (id TEXT PRIMARY KEY NOT NULL, note TEXT)"),
    async settings() {
      const values = { storage: (await db.getDatabaseInfo()).storageType };
      for (const name of ["journal_mode", "locking_mode", "synchronous", "page_size", "cache_size"]) {
        values[name] = (await db.sql(`PRAGMA ${name}`))[0]?.[name];
      }
      if (values.storage !== "opfs") throw new Error(`SQLocal keeps its data in ${values.storage}`);
      return values;
    },
    close: () => db.destroy(),
  };
}
