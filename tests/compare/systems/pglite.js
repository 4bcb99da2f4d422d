// PGlite in its worker on OPFS, pglite-sync, and the pattern's view and triggers over them.

import { live as liveQueries } from "@electric-sql/pglite/live";
import { PGliteWorker } from "@electric-sql/pglite/worker";
import { rowOf } from "../page/todos.js";
import { SCHEMA } from "./pglite.sql.js";

const COLUMNS = "id, title, completed, created_at";
const FROM_ARRAYS = `SELECT * FROM unnest($1::uuid[], $2::text[], $3::boolean[], $4::timestamptz[])`;

/** `sync`: load what keeps it in step with a server. */
export async function open({ sync = false }) {
  const worker = new Worker(new URL("./worker.js", import.meta.url), { type: "module" });
  const extensions = { live: liveQueries };
  if (sync) extensions.sync = (await import("@electric-sql/pglite-sync")).electricSync();
  const db = await PGliteWorker.create(worker, { extensions });
  const { rows } = await db.query("SELECT to_regclass('todos_synced') AS made");
  if (!rows[0].made) await db.exec(SCHEMA);

  /** One statement for all rows: a call a row would measure messages. */
  const insertAll = (table, rows) => {
    const arrays = [0, 1, 2, 3].map((at) => rows.map((row) => row[at]));
    return db.query(`INSERT INTO ${table} (${COLUMNS}) ${FROM_ARRAYS}`, arrays);
  };
  return {
    database: db,
    execute: (sql, params) => db.query(numbered(sql), params),
    batch: (sql, rows) => insertAll(/INTO (\w+)/.exec(sql)[1], rows),
    query: async (sql, params) => (await db.query(numbered(sql), params)).rows,
    async load(from, to) {
      const numbers = Array.from({ length: to - from }, (_, index) => from + index);
      for (let at = 0; at < numbers.length; at += 10_000) await insertAll("todos_synced", numbers.slice(at, at + 10_000).map(rowOf));
      await db.exec("ANALYZE todos_synced");
    },
    async live(sql, params, onRows) {
      const { unsubscribe } = await db.live.query(numbered(sql), params, ({ rows }) => onRows(rows));
      return unsubscribe;
    },
    true: "true",
    synced: "todos_synced",
    createPicks: () => db.exec("CREATE TABLE picks (id uuid PRIMARY KEY, note text)"),
    async settings() {
      const { rows } = await db.query("SELECT current_setting('synchronous_commit') AS synchronous_commit, current_setting('fsync') AS fsync, version()");
      return { ...rows[0], relaxedDurability: false };
    },
    close: () => db.close(),
  };
}

/** `?` as Postgres numbers them; none of our texts has one. */
function numbered(sql) {
  let count = 0;
  return sql.replaceAll("?", () => `$${++count}`);
}
