// What an app does in its first minutes: opening, the first sync, queries, writes, live queries, a second tab, and a start on what is
// there. All of it must go by the first file of the module; which functions that takes, ./dev profile finds out by the same.

import assert from "node:assert/strict";
import { openApp } from "./app.mjs";
import { newTodo } from "./server.mjs";

/**
 * Goes through it with so many rows: of so many that pages of an index are split and rows come in several chunks. `options` are for each `open`; `leave` is called with each page before it is closed. `crash`: the page that has the
 * database does not close but crash, after which a start has more to do, and how much depends on the moment. `writes`: how often a page
 * writes while another user does, too; what comes first then is never the same.
 */
export async function firstUse(profile, server, { rows = 3000, options = {}, leave = () => {}, crash = false, writes = 0 } = {}) {
  for (let done = 0; done < rows; done += 500) {
    await server.asOtherUser(...Array.from({ length: Math.min(500, rows) }, (_, index) => newTodo(title(done + index))));
  }
  const writeOften = async (page) => {
    for (let count = 0; count < writes; count++) {
      const others = Array.from({ length: 4 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, Math.random() * 300));
        await server.asOtherUser(newTodo(`meanwhile ${index}`));
      });
      await Promise.all([page.evaluate(write), ...others]);
    }
  };
  const first = await openApp(profile, server);
  await first.evaluate(open, options);
  assert.ok((await first.evaluate(read)) >= rows);
  await first.evaluate(follow);
  await first.evaluate(write);
  await server.asOtherUser(newTodo("by another user"), newTodo("by another user, too"));
  await first.evaluate(heard, "by another user");

  const second = await openApp(profile, server);
  await firstPage(second, options);
  await server.asOtherUser(newTodo("while two look on"));
  for (const page of [first, second]) await page.evaluate(heard, "while two look on");
  await Promise.all([first, second].map(writeOften));
  await second.evaluate(goAway);
  await leave(second);
  await second.close();
  if (!crash) await first.evaluate(goAway);
  await leave(first);
  if (crash) await profile.fault(first);
  await first.close();

  const again = await openApp(profile, server);
  await firstPage(again, options);
  await writeOften(again);
  await again.evaluate(declare, options);
  await again.evaluate(begin, options);
  await again.evaluate(goAway);
  await leave(again);
  await again.close();
}

/** Short ones and long ones, with signs that are spelled otherwise in JSON or in UTF-8. */
function title(number) {
  const size = number % 7 === 0 ? Math.floor(Math.random() * 400) : number % 20;
  const words = ["x", "words ", 'a "quote" ', "Größe\n", "漢字 🎈 ", "it's \\ "][number % 6];
  return `todo ${number} ${[...words.repeat(size)].slice(0, size).join("")}`;
}

/** What of it one page does that is there alone. */
export async function firstPage(page, options = {}) {
  await page.evaluate(open, options);
  await page.evaluate(read);
  await page.evaluate(follow);
  await page.evaluate(write);
}

/** Opens the database; resolves when its rows are there. */
async function open(options) {
  globalThis.db = await app.openSynced(options);
}

/** Reads as apps do; resolves with how many rows there are. */
async function read() {
  const list = await db.query("SELECT * FROM todos ORDER BY created_at DESC LIMIT 50");
  const id = list[1].id;
  await db.query("SELECT * FROM todos WHERE id = ?", [id]);
  await db.query(app.sql`SELECT title FROM todos WHERE completed = ${false} AND title LIKE ${"todo 1%"} ORDER BY title LIMIT 20 OFFSET 5`);
  await db.query("SELECT completed, count(*) AS n, min(created_at) AS first, max(title) AS last FROM todos GROUP BY completed HAVING n > 0");
  await db.query("SELECT a.title, b.completed FROM todos a JOIN todos b ON b.id = a.id LEFT JOIN todos c ON c.id = b.id WHERE a.id IN (?, ?)", [id, list[2].id]);
  await db.query("SELECT DISTINCT lower(substr(title, 1, 4)) AS word FROM todos WHERE created_at > ? OR completed IS NULL", [new Date(0)]);
  await db.query("SELECT id, coalesce(title, 'none') || '!' AS title, CASE WHEN completed THEN 1 ELSE 0 END AS done FROM todos WHERE id IN (SELECT id FROM todos WHERE title > ?)", ["todo 5"]);
  const pages = "WITH page AS (SELECT id, length(title) AS size FROM todos WHERE title BETWEEN ? AND ?) SELECT count(*) AS n, sum(size) AS size FROM page";
  await db.query(pages, ["todo 2", "todo 3"]);
  const all = await db.query("SELECT id, title, completed, created_at FROM todos");
  const [{ n }] = await db.query("SELECT count(*) AS n FROM todos WHERE EXISTS (SELECT 1 FROM todos LIMIT 1)");
  if (all.length !== n) throw new Error(`${all.length} rows, counted as ${n}`);
  return n;
}

/** Starts the live queries of a page. */
async function follow() {
  globalThis.lives = [];
  const start = (sql, params, options) =>
    new Promise((resolve, reject) => {
      const live = { rows: [] };
      lives.push(live);
      db.live(sql, params, options).subscribe(({ rows }) => ((live.rows = rows), live.check?.(), resolve()), reject);
    });
  await start("SELECT * FROM todos ORDER BY created_at DESC LIMIT 50", [], { key: "id" });
  await start("SELECT count(*) AS n FROM todos", []);
  await start("SELECT id, title FROM todos WHERE completed = ? ORDER BY title LIMIT 100", [false], { key: ["id"] });
}

/** Waits until the list has a row of this title. */
function heard(title) {
  const [list] = lives;
  return new Promise((resolve) => {
    list.check = () => list.rows.some((row) => row.title === title) && resolve();
    list.check();
  });
}

/** Writes as apps do, and waits until each write came back from the server. */
async function write() {
  const told = [];
  const stops = ["accepted", "confirmed"].map((name) => db.on(name, ({ number }) => told.push(`${name} ${number}`)));
  const id = crypto.randomUUID();
  const later = new Date(Date.now() + 1000);
  const insert = "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)";
  await db.execute(insert, [id, `written ${id}`, false, later]).confirmed();
  await db.execute("UPDATE todos SET title = ?, completed = ? WHERE id = ?", [`changed ${id}`, true, id]);
  await db.execute(app.sql`UPDATE todos SET completed = NOT completed WHERE id = ${id}`);
  const params = [crypto.randomUUID(), "one of two", false, later];
  await db.batch([{ sql: insert, params }, app.sql`UPDATE todos SET title = 'two of two' WHERE id = ${id}`], { meta: { label: "two at once" } });
  await db.transaction(async (tx) => {
    const [{ title }] = await tx.query("SELECT title FROM todos WHERE id = ?", [id]);
    for (const number of [1, 2, 3]) await tx.execute(insert, [crypto.randomUUID(), `${title} ${number}`, false, later]);
    await tx.execute("DELETE FROM todos WHERE id = ?", [id]);
  });
  await db.pending();
  await app.confirmed(db);
  await db.status();
  for (const stop of stops) stop();
  if (!told.some((line) => line.startsWith("confirmed"))) throw new Error("no write was told of");
}

/** Opens a database whose tables are declared, without a server, beside the other one. */
async function declare(options) {
  const columns = { id: "uuid", list: "int8", title: "text", weight: "float8", done: "bool", tags: "jsonb", at: "timestamptz" };
  const other = await app.openAlone({ ...options, tables: { notes: { columns, primaryKey: ["id"], indexes: ["list", ["list", "at"]] } } });
  const values = [crypto.randomUUID(), 7, "declared", 1.5, true, JSON.stringify({ tags: [1] }), new Date()];
  await other.execute("INSERT INTO notes VALUES (?, ?, ?, ?, ?, ?, ?)", values);
  const [note] = await other.query("SELECT * FROM notes WHERE list = ? ORDER BY at DESC", [7]);
  if (note.title !== "declared") throw new Error("what was written is not read");
  const alone = await app.openAlone(options);
  await app.add(alone, "nobody is told");
  await alone.query("SELECT title FROM todos");
}

/** Begins without a connection: writes and reads a row, and reads it again after a start on what is there then. */
async function begin(options) {
  const columns = { id: "uuid", title: { type: "text", notNull: true }, completed: { type: "bool", notNull: true }, created_at: "timestamptz", write_id: "uuid" };
  const tables = { todos: { columns, primaryKey: ["id"], indexes: ["created_at"] } };
  const start = () => app.open({ ...options, name: "begun", connect: false, persist: false, tables });
  const id = crypto.randomUUID();
  const read = async (db) => {
    const [row] = await db.query("SELECT id, title, completed, created_at, write_id FROM todos WHERE id = ?", [id]);
    if (row?.title !== "begun") throw new Error("what was written is not read");
  };
  const db = await start();
  await db.execute("INSERT INTO todos (id, title, completed, created_at, write_id) VALUES (?, ?, ?, ?, ?)", [id, "begun", false, "2026-01-02T03:04:05Z", null]);
  await read(db);
  await db.close();
  await read(await start());
}

/** The page is looked at again, then left; resolves when its worker has let go of what others wait for. */
async function goAway() {
  const held = async () => (await navigator.locks.query()).held.length;
  document.dispatchEvent(new Event("visibilitychange"));
  await db.status();
  const before = await held();
  dispatchEvent(new PageTransitionEvent("pagehide"));
  while ((await held()) === before) await new Promise((resolve) => setTimeout(resolve, 10));
}
