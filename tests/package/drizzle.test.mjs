// throughline/drizzle over the real engine.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { apps } from "./support/apps.mjs";

const load = (file) => import(pathToFileURL(join(apps(), "node_modules", file)));

describe("throughline/drizzle", async () => {
  const { testWorld } = await load("throughline/testing.js");
  const { drizzle, live } = await load("throughline/drizzle.js");
  const { asc, count, eq, relations, TransactionRollbackError } = await load("drizzle-orm/index.js");
  const { integer, sqliteTable, text } = await load("drizzle-orm/sqlite-core/index.js");

  const lists = sqliteTable("lists", { id: integer().primaryKey(), name: text() });
  const todos = sqliteTable("todos", { id: integer().primaryKey(), list: integer(), name: text(), isDone: integer("done", { mode: "boolean" }) });
  const schema = {
    lists,
    todos,
    ofList: relations(lists, ({ many }) => ({ todos: many(todos) })),
    ofTodo: relations(todos, ({ one }) => ({ of: one(lists, { fields: [todos.list], references: [lists.id] }) })),
  };
  let world;
  let db;
  let orm;

  before(async () => {
    world = await testWorld({
      tables: {
        lists: [{ id: 1, name: "inbox" }],
        todos: [{ id: 1, list: 1, name: "one", done: false }, { id: 2, list: 1, name: "two", done: true }],
      },
    });
    db = await world.open();
    await world.settled();
    orm = drizzle(db, { schema });
  });
  after(() => world?.close());

  it("reads by its own names and types", async () => {
    assert.deepEqual(await orm.select().from(todos).where(eq(todos.isDone, true)), [{ id: 2, list: 1, name: "two", isDone: true }]);
    assert.deepEqual(await orm.select({ n: count() }).from(todos).get(), { n: 2 });
    assert.equal(await orm.select().from(todos).where(eq(todos.id, 99)).get(), undefined);
  });

  it("keeps apart the columns of a join that share a name", async () => {
    const rows = await orm.select().from(todos).innerJoin(lists, eq(todos.list, lists.id)).orderBy(asc(todos.id)).limit(1);
    assert.deepEqual(rows, [{ todos: { id: 1, list: 1, name: "one", isDone: false }, lists: { id: 1, name: "inbox" } }]);
  });

  it("reads relations", async () => {
    const [inbox] = await orm.query.lists.findMany({ with: { todos: { columns: { name: true }, orderBy: asc(todos.id) } } });
    assert.deepEqual(inbox, { id: 1, name: "inbox", todos: [{ name: "one" }, { name: "two" }] });
  });

  it("writes, returns, and commits or rolls back a transaction as one", async () => {
    const [made] = await orm.insert(todos).values({ id: 3, list: 1, name: "three", isDone: true }).returning();
    assert.deepEqual(made, { id: 3, list: 1, name: "three", isDone: true });
    const rolledBack = orm.transaction(async (tx) => {
      await tx.delete(todos);
      assert.deepEqual(await tx.select().from(todos), []);
      tx.rollback();
    });
    await assert.rejects(rolledBack, (error) => error instanceof TransactionRollbackError);
    const written = orm.transaction(
      async (tx) => {
        await tx.update(todos).set({ isDone: false }).where(eq(todos.id, 3));
        return (await tx.select().from(todos)).length;
      },
      { meta: { label: "reopen" } },
    );
    assert.equal(await written, 3);
    const [before, named] = await orm.batch([orm.select().from(lists), orm.update(lists).set({ name: "in" }).returning({ name: lists.name })]);
    assert.deepEqual([before, named], [[{ id: 1, name: "inbox" }], [{ name: "in" }]]);
    await world.settled();
    assert.deepEqual(world.server.rows("todos").at(-1), { id: 3, list: 1, name: "three", done: false });
    assert.deepEqual(world.server.writes.map(({ meta }) => meta), [undefined, { label: "reopen" }, undefined]);
  });

  it("has live queries, with the rows that did not change as they were", async () => {
    const heard = [];
    const joined = orm.select().from(todos).innerJoin(lists, eq(todos.list, lists.id)).orderBy(asc(todos.id));
    const stop = live(db, joined, { key: "todos.id" }).subscribe(({ rows, changes }) => heard.push({ rows, changes }));
    const related = [];
    const stopRelated = live(db, orm.query.todos.findMany({ with: { of: true }, orderBy: asc(todos.id) }), { key: "id" }).subscribe(({ rows }) => related.push(rows));
    await world.settled();
    await orm.update(todos).set({ name: "two!" }).where(eq(todos.id, 2));
    await world.settled();
    const [first, ...later] = heard;
    const last = heard.at(-1);
    assert.ok(later.length > 0);
    assert.deepEqual(last.rows.map(({ todos: { name }, lists: { name: list } }) => [name, list]), [["one", "in"], ["two!", "in"], ["three", "in"]]);
    assert.deepEqual(last.rows.map((row, index) => row === first.rows[index]), [true, false, true]);
    assert.equal(later[0].changes.updated[0], later[0].rows[1]);
    assert.deepEqual(related.at(-1)[1], { id: 2, list: 1, name: "two!", isDone: true, of: { id: 1, name: "in" } });
    stop();
    stopRelated();
  });
});
