import initialize from "@sqlite.org/sqlite-wasm";
import { CREATE_BARE } from "../page/todos.js";
import { serve } from "./rpc.js";

let db;
const statements = new Map();

/** A statement, prepared once. */
function prepared(sql) {
  let statement = statements.get(sql);
  if (!statement) statements.set(sql, (statement = db.prepare(sql)));
  return statement;
}

function run(sql, params) {
  const statement = prepared(sql);
  if (params?.length) statement.bind(params);
  try {
    statement.step();
  } finally {
    statement.reset();
  }
}

serve({
  async open(journal) {
    const sqlite3 = await initialize();
    const pool = await sqlite3.installOpfsSAHPoolVfs({});
    db = new pool.OpfsSAHPoolDb("/compare.db");
    // Without shared memory there is a write-ahead log under an exclusive lock alone, which comes first.
    if (journal === "wal") db.exec("PRAGMA locking_mode = EXCLUSIVE");
    db.exec(`PRAGMA journal_mode = ${journal}; PRAGMA synchronous = FULL`);
    for (const sql of CREATE_BARE) db.exec(sql);
  },
  execute: run,
  batch(sql, rows) {
    db.exec("BEGIN");
    try {
      for (const row of rows) run(sql, row);
      db.exec("COMMIT");
    } catch (error) {
      db.exec("ROLLBACK");
      throw error;
    }
  },
  query(sql, params) {
    const statement = prepared(sql);
    if (params?.length) statement.bind(params);
    const rows = [];
    try {
      while (statement.step()) rows.push(statement.get([]));
      return { columns: statement.getColumnNames([]), rows };
    } finally {
      statement.reset();
    }
  },
  settings() {
    const names = ["journal_mode", "locking_mode", "synchronous", "page_size", "cache_size"];
    return Object.fromEntries(names.map((name) => [name, db.selectValue(`PRAGMA ${name}`)]));
  },
  close: () => db.close(),
});
