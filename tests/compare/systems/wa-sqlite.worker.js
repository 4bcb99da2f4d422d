import * as SQLite from "@journeyapps/wa-sqlite";
import makeModule from "@journeyapps/wa-sqlite/dist/wa-sqlite.mjs";
import { OPFSCoopSyncVFS } from "@journeyapps/wa-sqlite/src/examples/OPFSCoopSyncVFS.js";
import { CREATE_BARE } from "../page/todos.js";
import { serve } from "./rpc.js";

let sqlite3;
let db;
const statements = new Map();

/** A statement, prepared once. */
async function prepared(sql) {
  if (!statements.has(sql)) {
    for await (const statement of sqlite3.statements(db, sql, { unscoped: true })) statements.set(sql, statement);
  }
  return statements.get(sql);
}

async function run(sql, params, row) {
  const statement = await prepared(sql);
  if (params?.length) sqlite3.bind_collection(statement, params);
  try {
    while ((await sqlite3.step(statement)) === SQLite.SQLITE_ROW) row?.(sqlite3.row(statement));
    return sqlite3.column_names(statement);
  } finally {
    await sqlite3.reset(statement);
  }
}

serve({
  async open() {
    const module = await makeModule();
    sqlite3 = SQLite.Factory(module);
    sqlite3.vfs_register(await OPFSCoopSyncVFS.create("compare", module), true);
    db = await sqlite3.open_v2("compare.db");
    await sqlite3.exec(db, "PRAGMA synchronous = FULL");
    for (const sql of CREATE_BARE) await sqlite3.exec(db, sql);
  },
  async execute(sql, params) {
    await run(sql, params);
  },
  async batch(sql, rows) {
    await run("BEGIN");
    try {
      for (const row of rows) await run(sql, row);
      await run("COMMIT");
    } catch (error) {
      await run("ROLLBACK");
      throw error;
    }
  },
  async query(sql, params) {
    const rows = [];
    const columns = await run(sql, params, (row) => rows.push(row));
    return { columns, rows };
  },
  async settings() {
    const values = {};
    for (const name of ["journal_mode", "locking_mode", "synchronous", "page_size", "cache_size"]) {
      await run(`PRAGMA ${name}`, [], ([value]) => (values[name] = value));
    }
    return values;
  },
  close: () => sqlite3.close(db),
});
