// The server's table changes while clients are connected, and while they are away with writes of their own.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage({}, async () => {
  page = await openApp(profile, server);
});

const columns = async () => {
  const rows = await page.evaluate(() => db.query("SELECT name FROM pragma_table_info('todos') ORDER BY name"));
  return rows.map(({ name }) => name);
};
const AT_FIRST = ["completed", "created_at", "id", "title", "write_id"];

describe("a table that changes on the server", () => {
  it("has its columns from the server, without their being declared", async () => {
    await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
    assert.deepEqual(await columns(), AT_FIRST);
  });

  it("gets a column that was added, keeps pending writes, and takes writes to the new column", async () => {
    await page.evaluate(async () => {
      await db.disconnect();
      await app.add(db, "pending over the change");
    });
    await server.alter({ table: "todos", add: { name: "priority", type: "int4" } });
    await server.asOtherUser({ ...newTodo("urgent"), value: { ...newTodo("urgent").value, priority: 3 } });
    const rows = await page.evaluate(async () => {
      await db.connect();
      await app.result(db.live("SELECT title FROM todos"), ({ rows }) => rows.some(({ title }) => title === "urgent"));
      await db.execute("UPDATE todos SET priority = 1 WHERE title = 'pending over the change'");
      await app.confirmed(db);
      return db.query("SELECT title, priority FROM todos WHERE priority IS NOT NULL ORDER BY priority");
    });
    assert.deepEqual(rows, [{ title: "pending over the change", priority: 1 }, { title: "urgent", priority: 3 }]);
    assert.deepEqual(await columns(), [...AT_FIRST, "priority"].sort());
    assert.equal((await server.rows()).find(({ title }) => title === "pending over the change").priority, "1");
    assert.deepEqual((await page.evaluate(() => db.verify())).problems, []);
  });

  it("loses a column that was dropped, also in an open page", async () => {
    await server.alter({ table: "todos", drop: "priority" });
    await server.asOtherUser(newTodo("after the drop"));
    await page.evaluate(() => app.result(db.live("SELECT title FROM todos"), ({ rows }) => rows.some(({ title }) => title === "after the drop")));
    assert.deepEqual(await columns(), AT_FIRST);
    await page.evaluate(async () => {
      await app.add(db, "written after the drop");
      await app.confirmed(db);
    });
    assert.deepEqual((await page.evaluate(() => db.verify())).problems, []);
  });

  it("keeps its local tables and indexes beside it", async () => {
    const rows = await page.evaluate(async () => {
      await db.execute("CREATE TABLE drafts (id INTEGER PRIMARY KEY, todo TEXT)");
      await db.execute("INSERT INTO drafts (todo) SELECT id FROM todos WHERE title = 'urgent'");
      await db.close();
      globalThis.db = await app.openSynced();
      return db.query("SELECT todos.title FROM drafts JOIN todos ON todos.id = drafts.todo");
    });
    assert.deepEqual(rows, [{ title: "urgent" }]);
  });

  it("gives a running live query of all columns the new ones", async () => {
    await watch("more urgent");
    await server.alter({ table: "todos", add: { name: "urgency", type: "int4" } });
    const todo = newTodo("more urgent");
    await server.asOtherUser({ ...todo, value: { ...todo.value, urgency: 9 } });
    assert.equal((await watched()).urgency, 9);
  });

  it("takes a dropped column from a running live query of all columns", async () => {
    await watch("no longer urgent");
    await server.alter({ table: "todos", drop: "urgency" });
    await server.asOtherUser(newTodo("no longer urgent"));
    assert.deepEqual(Object.keys(await watched()).sort(), AT_FIRST);
  });
});

/** Starts a live query of all columns that waits for a row of this title; resolves when it is running. */
async function watch(title) {
  await page.evaluate(async (wanted) => {
    const live = db.live("SELECT * FROM todos");
    const named = (rows) => rows.find(({ title }) => title === wanted);
    globalThis.watched = app.result(live, ({ rows }) => named(rows)).then(named);
    globalThis.watched.catch(() => {});
    await app.result(live, () => true);
  }, title);
}

/** The row, as that live query told it. */
const watched = () => page.evaluate(() => globalThis.watched);
