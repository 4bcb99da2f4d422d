// Throughline as an app uses it: the built package, its own worker, writes through the view.

import { open as openDatabase } from "throughline";
import { UPDATE } from "../page/todos.js";

const todos = {
  columns: { id: "uuid", title: { type: "text", notNull: true }, completed: { type: "bool", notNull: true }, created_at: "timestamptz", write_id: "uuid" },
  primaryKey: ["id"],
  indexes: ["created_at"],
};

/** `sync`: talk to the server from the start. */
export async function open({ sync = false }) {
  const db = await openDatabase({
    name: "compare",
    electric: { url: "/v1/shape" },
    write: { url: "/changes" },
    tables: { todos },
    connect: sync,
    persist: false,
  });
  const status = (condition) =>
    new Promise((resolve) => {
      const stop = db.onStatus((status) => {
        if (!condition(status)) return;
        queueMicrotask(() => stop());
        resolve(status);
      });
    });
  const synced = () => status(({ shapes }) => shapes.every(({ phase }) => phase === "live"));
  return {
    execute: (sql, params) => db.execute(sql, params),
    batch: (sql, rows) => db.batch(rows.map((params) => ({ sql, params }))),
    query: (sql, params) => db.query(sql, params),
    /** From the server, then without it again: what is written after this stays pending. */
    async load() {
      await db.connect();
      await synced();
      await db.disconnect();
    },
    sync: synced,
    live: ({ sql, params = [], key = [] }, onRows, onError) => db.live(sql, params, { key }).subscribe(({ rows }) => onRows(rows), onError),
    confirmed: (id, title) => db.execute(UPDATE, [title, id]).confirmed(),
    connect: () => db.connect(),
    disconnect: () => db.disconnect(),
    drained: () => status(({ pending }) => pending === 0),
    synced: "todos_synced",
    createPicks: () => db.execute("CREATE TABLE picks (id TEXT PRIMARY KEY NOT NULL, note TEXT)"),
    async createBare() {
      await db.execute("CREATE TABLE bare (id TEXT PRIMARY KEY, title TEXT NOT NULL, completed INTEGER NOT NULL, created_at TEXT NOT NULL, write_id TEXT)");
      await db.execute("CREATE INDEX bare_created_at ON bare (created_at)");
    },
    async settings() {
      const { storage } = await db.status();
      return { persistence: storage.persistence, durability: "strict" };
    },
    close: () => db.close(),
  };
}
