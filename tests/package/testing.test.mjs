// throughline/testing: the packed engine under Node, before a server that is scripted.

import assert from "node:assert/strict";
import { join } from "node:path";
import { afterEach, describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { apps } from "./support/apps.mjs";

const load = (file) => import(pathToFileURL(join(apps(), "node_modules/throughline", file)));
const { testWorld } = await load("testing.js");
const { sql, ThroughlineError } = await load("index.js");

let world;
afterEach(() => world?.close());

const todo = (id, title) => ({ id, title, completed: false });
const start = async (options) => {
  world = await testWorld({ tables: { todos: [todo(1, "one"), todo(2, "two")] }, ...options });
  const db = await world.open();
  await world.settled();
  return db;
};
const titles = async (db) => (await db.query("SELECT title FROM todos ORDER BY id")).map(({ title }) => title);

describe("a world of tests", () => {
  it("syncs the rows that it was given, and what others change", async () => {
    const db = await start();
    assert.deepEqual(await db.query("SELECT * FROM todos ORDER BY id"), [todo(1, "one"), todo(2, "two")]);
    world.server.change([
      { table: "todos", operation: "update", value: { id: 1, title: "uno" } },
      { table: "todos", operation: "delete", value: { id: 2 } },
      { table: "todos", operation: "insert", value: todo(3, "three") },
    ]);
    await world.settled();
    assert.deepEqual(await titles(db), ["uno", "three"]);
  });

  it("takes a write to the server and to another device", async () => {
    const db = await start();
    const other = await world.open();
    const { transaction } = await db.execute(sql`INSERT INTO todos (id, title, completed) VALUES (${3}, ${"three"}, ${false})`);
    await db.confirmed(transaction);
    await world.settled();
    assert.deepEqual(world.server.rows("todos").at(-1), todo(3, "three"));
    assert.deepEqual(await titles(other), ["one", "two", "three"]);
    assert.equal((await db.status()).pending, 0);
  });

  it("rejects what it was told to, and the row is back", async () => {
    const db = await start();
    world.server.reject({ code: "OWNER", message: "not yours" }, { when: ({ meta }) => meta?.refuse });
    await db.batch(["UPDATE todos SET title = 'fine' WHERE id = 1"]);
    await db.batch(["DELETE FROM todos WHERE id = 2"], { meta: { refuse: true } });
    await world.settled();
    assert.deepEqual(await titles(db), ["fine", "two"]);
    const [{ error, number }] = await db.rejected();
    assert.deepEqual([error.code, error.message], ["OWNER", "not yours"]);
    await db.retry(number);
    await world.settled();
    assert.deepEqual(world.server.rows("todos"), [todo(1, "fine")]);
  });

  it("finds conflicts by what a row held before", async () => {
    const db = await start();
    world.server.detectConflicts = true;
    world.server.offline = true;
    await db.execute("UPDATE todos SET title = 'mine' WHERE id = 1");
    world.server.change([{ table: "todos", operation: "update", value: { id: 1, title: "theirs" } }]);
    world.server.offline = false;
    await world.settled();
    assert.deepEqual(await titles(db), ["theirs", "two"]);
    assert.equal((await db.rejected())[0].error.code, "CONFLICT");
  });

  it("goes offline and comes back: nothing is lost, and once is once", async () => {
    const db = await start();
    world.server.offline = true;
    await db.execute("UPDATE todos SET title = 'later' WHERE id = 1");
    await world.clock.advance(600_000);
    assert.equal((await db.status()).pending, 1);
    assert.deepEqual(world.server.writes, []);
    world.server.offline = false;
    await world.settled();
    assert.equal(world.server.rows("todos")[0].title, "later");
    assert.equal(world.server.writes.length, 1);
  });

  it("owns the clock: pauses after a failure pass when the test says so", async () => {
    const db = await start();
    world.clock.stop();
    try {
      world.server.fail(503, { headers: { "retry-after": "60" } });
      await db.execute("UPDATE todos SET title = 'again' WHERE id = 1");
      await world.clock.advance(59_000);
      assert.deepEqual([world.server.writes.length, (await db.status()).pending], [1, 1]);
      await world.clock.advance(60_000);
      await world.settled();
      assert.equal(world.server.writes.length, 2);
      assert.equal(world.server.rows("todos")[0].title, "again");
    } finally {
      world.clock.start();
    }
  });

  it("delays answers by the world's time", async () => {
    const db = await start();
    world.clock.stop();
    try {
      world.server.latency = 5_000;
      await db.execute("UPDATE todos SET title = 'slow' WHERE id = 1");
      await world.clock.advance(4_999);
      assert.equal(world.server.writes.length, 0);
      await world.clock.advance(1);
      assert.equal(world.server.writes.length, 1);
    } finally {
      world.server.latency = 0;
      world.clock.start();
    }
  });

  it("lets shapes be read anew, pending writes untouched", async () => {
    const db = await start();
    world.server.offline = true;
    await db.execute("UPDATE todos SET title = 'mine' WHERE id = 1");
    world.server.refetch("todos");
    world.server.change([{ table: "todos", operation: "delete", value: { id: 2 } }]);
    world.server.offline = false;
    await world.settled();
    assert.deepEqual(await titles(db), ["mine"]);
  });

  it("tells live queries, keeps rows that did not change, and knows conditions that it is told", async () => {
    world = await testWorld({
      tables: { todos: { columns: { id: "bigint", list: "text", at: "timestamptz" }, rows: [{ id: 1, list: "a", at: new Date(0) }, { id: 2, list: "b" }] } },
      filters: { "list = $1": ({ list }, params) => list === params[1] },
    });
    const db = await world.open({ tables: { todos: { shape: { where: "list = $1", params: ["a"] } } } });
    const results = [];
    db.live("SELECT * FROM todos ORDER BY id", [], { key: "id" }).subscribe(({ rows }) => results.push(rows));
    await world.settled();
    world.server.change([{ table: "todos", operation: "update", value: { id: 2, list: "a" } }]);
    await world.settled();
    const last = results.at(-1);
    assert.deepEqual(last.map(({ id, at }) => [id, at]), [[1, "1970-01-01 00:00:00+00"], [2, null]]);
    assert.equal(last[0], results.findLast((rows) => rows.length === 1)[0]);
    world.server.change([{ table: "todos", operation: "update", value: { id: 1, list: "b" } }]);
    await world.settled();
    assert.deepEqual((await db.query("SELECT id FROM todos")).map(({ id }) => id), [2]);
  });

  it("fails with the package's own errors, and says what a test got wrong", async () => {
    const db = await start();
    await assert.rejects(db.query("SELECT * FROM nowhere"), (error) => error instanceof ThroughlineError && error.code === "SQL");
    assert.throws(() => world.server.change([{ table: "nope", operation: "delete", value: {} }]), /no table nope/);
    await assert.rejects(testWorld({ tables: { empty: [] } }), /neither columns nor a row/);
  });
});
