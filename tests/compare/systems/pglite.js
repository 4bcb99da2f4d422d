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
    async sync() {
      await new Promise((synced, failed) => {
        db.sync.syncShapeToTable({
          shape: { url: new URL("/v1/shape", location.href).href, params: { table: "todos" } },
          table: "todos_synced",
          primaryKey: ["id"],
          shapeKey: "todos",
          // The fastest of its ways here.
          initialInsertMethod: "json",
          onInitialSync: synced,
          onError: failed,
        }).catch(failed);
      });
    },
    startSending: () => startSending(db),
    async confirmed(id, title) {
      await db.query("UPDATE todos SET title = $1 WHERE id = $2", [title, id]);
      await gone(db, id);
    },
    async live({ sql, params = [] }, onRows) {
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

/** The pattern's sender: whatever is in the log is POSTed and, once the server has it, forgotten. */
async function startSending(db) {
  let sending = false;
  let again = false;
  const send = async () => {
    if (sending) return void (again = true);
    sending = true;
    do {
      again = false;
      const { rows } = await db.query("SELECT id, operation, value, write_id, transaction_id::text FROM changes ORDER BY id");
      if (rows.length === 0) break;
      const transactions = new Map();
      for (const { transaction_id, ...change } of rows) {
        const id = `compare:${change.write_id}`;
        if (!transactions.has(transaction_id)) transactions.set(transaction_id, { id, changes: [] });
        transactions.get(transaction_id).changes.push({ table: "todos", ...change });
      }
      const body = JSON.stringify([...transactions.values()]);
      const answer = await fetch("/changes", { method: "POST", headers: { "content-type": "application/json" }, body });
      if (!answer.ok) throw new Error(`/changes: ${answer.status}`);
      await db.query("DELETE FROM changes WHERE id <= $1", [rows.at(-1).id]);
      again = true;
    } while (again);
    sending = false;
  };
  await db.listen("changes", send);
  await send();
}

/** Resolves when the optimistic row is gone, by the cheapest live query that tells. */
function gone(db, id) {
  return new Promise((resolve, reject) => {
    let stop;
    const done = () => {
      resolve();
      stop?.();
    };
    db.live
      .query("SELECT id FROM todos_local WHERE id = $1", [id], ({ rows }) => rows.length === 0 && done())
      .then(({ unsubscribe }) => (stop = unsubscribe), reject);
  });
}
