import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireReply } from "../../src/js/messages.js";
import { deferred, quiet, wasmError, withDatabase } from "./worker_double.js";

test("shapes are set and removed under their names; without one it is the database that knows the default", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const mine = { where: "owner = $1", params: [7, "a", true], log: "changes_only" } as const;
    assert.equal(await db.setShape("todos", mine, { name: "mine" }), undefined);
    await db.setShape("todos", {});
    await db.removeShape("todos", { name: "mine", purge: true });
    await db.removeShape("todos");
    assert.deepEqual(worker.requests, [
      { type: "setShape", table: "todos", name: "mine", shape: mine },
      { type: "setShape", table: "todos", name: undefined, shape: {} },
      { type: "removeShape", table: "todos", name: "mine", purge: true },
      { type: "removeShape", table: "todos", name: undefined, purge: undefined },
    ]);
  });
});

test("a subset resolves to the number of its rows", async () => {
  await withDatabase((request) => (request.type === "loadSubset" ? 3 : null), async (db, worker) => {
    const page = { where: "list = $1", params: { 1: 7 }, orderBy: "id", limit: 3, offset: 6 };
    assert.equal(await db.loadSubset("todos", page, { shape: "list" }), 3);
    assert.equal(await db.loadSubset("todos"), 3);
    assert.deepEqual(worker.requests, [
      { type: "loadSubset", table: "todos", name: "list", subset: page },
      { type: "loadSubset", table: "todos", name: undefined, subset: {} },
    ]);
  });
});

test("the wait for a subset ends with the reason of its signal, before and after it was asked for", async () => {
  const reply = deferred<WireReply>();
  await withDatabase((request) => (request.type === "loadSubset" ? reply.promise : null), async (db, worker) => {
    const control = new AbortController();
    const waiting = db.loadSubset("todos", {}, { signal: control.signal });
    const reason = new Error("left the page");
    control.abort(reason);
    await assert.rejects(waiting, reason);
    await assert.rejects(db.loadSubset("todos", {}, { signal: control.signal }), reason);
    reply.resolve(0);
    await db.status();
    assert.deepEqual(worker.requests.map(({ type }) => type), ["loadSubset", "status"]);
  });
});

test("what cannot be a shape or a subset rejects, here or in the database", async () => {
  const refusing = (request: { type: string }) => {
    if (request.type === "loadSubset") throw wasmError("ARGUMENT", "a subset's limit and offset need orderBy");
    return null;
  };
  await withDatabase(refusing, async (db, worker) => {
    const where = (() => "a") as unknown as string;
    await assert.rejects(db.setShape("todos", { where }), { code: "ARGUMENT" });
    await assert.rejects(db.loadSubset("todos", { where }), { code: "ARGUMENT" });
    assert.deepEqual(worker.requests, []);
    await assert.rejects(db.loadSubset("todos", { limit: 3 }), { code: "ARGUMENT", retryable: false, message: /orderBy/ });
  });
});
