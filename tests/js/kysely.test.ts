import assert from "node:assert/strict";
import { test } from "node:test";
import { Kysely, sql } from "kysely";
import { live, ThroughlineDialect } from "../../src/js/kysely.js";
import { quiet, wasmError, withDatabase, type Script, type WorkerDouble } from "./worker_double.js";

interface Schema {
  todos: { id: number; title: string; completed: boolean };
}

const log = (worker: WorkerDouble) =>
  worker.requests.map((request) => ("sql" in request ? `${request.type} ${"transaction" in request ? request.transaction : "-"}` : request.type));

const answering: Script = (request) => {
  if (request.type === "execute") return { rowsAffected: 2, transaction: "c:1", columns: ["id"], values: [1, 2] };
  return quiet(request);
};

test("reads are queries, all else is executed with its rows and their number", async () => {
  await withDatabase(answering, async (db, worker) => {
    const kysely = new Kysely<Schema>({ dialect: new ThroughlineDialect(db) });
    assert.deepEqual(await kysely.selectFrom("todos").select("id").where("completed", "=", false).execute(), []);
    const [request] = worker.requests;
    assert.ok(request?.type === "query");
    assert.deepEqual([request.sql, request.params], ['select "id" from "todos" where "completed" = ?', [false]]);
    const updated = await kysely.updateTable("todos").set({ title: "new" }).executeTakeFirst();
    assert.equal(updated.numUpdatedRows, 2n);
    const returned = await kysely.insertInto("todos").values({ id: 1, title: "a", completed: true }).returning("id").execute();
    assert.deepEqual(returned, [{ id: 1 }, { id: 2 }]);
    await sql`PRAGMA user_version`.execute(kysely);
    assert.deepEqual(log(worker), ["query -", "execute -", "execute -", "execute -"]);
    await kysely.destroy();
    await db.status();
  });
});

test("a transaction commits what ran in it, and rolls back when its callback throws", async () => {
  await withDatabase(answering, async (db, worker) => {
    const kysely = new Kysely<Schema>({ dialect: new ThroughlineDialect(db) });
    const result = await kysely.transaction().execute(async (trx) => {
      await trx.deleteFrom("todos").execute();
      return (await trx.selectFrom("todos").selectAll().execute()).length;
    });
    assert.equal(result, 0);
    const reason = new Error("changed my mind");
    const failing = kysely.transaction().execute(async (trx) => {
      await trx.deleteFrom("todos").execute();
      throw reason;
    });
    await assert.rejects(failing, reason);
    assert.deepEqual(log(worker), ["begin", "execute 1", "query 1", "commit", "begin", "execute 1", "rollback"]);
  });
});

test("a transaction that cannot begin or commit rejects with what the database says", async () => {
  let failing = "begin";
  const script: Script = (request) => {
    if (request.type === failing) throw wasmError("STORAGE", "no more", true);
    return quiet(request);
  };
  await withDatabase(script, async (db) => {
    const kysely = new Kysely<Schema>({ dialect: new ThroughlineDialect(db) });
    const run = () => kysely.transaction().execute((trx) => trx.deleteFrom("todos").execute());
    await assert.rejects(run(), { code: "STORAGE" });
    failing = "commit";
    await assert.rejects(run(), { code: "STORAGE" });
  });
});

test("a query that Kysely built can be live, by its row type", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const kysely = new Kysely<Schema>({ dialect: new ThroughlineDialect(db) });
    const query = live(db, kysely.selectFrom("todos").select(["id", "title"]).where("title", "like", "a%"), { key: "id" });
    const rows: readonly { id: number; title: string }[] | undefined = query.rows;
    assert.equal(rows, undefined);
    query.subscribe(() => {});
    await db.status();
    const [request] = worker.requests;
    assert.ok(request?.type === "live");
    assert.deepEqual([request.sql, request.params, request.key], ['select "id", "title" from "todos" where "title" like ?', ["a%"], ["id"]]);
  });
});
