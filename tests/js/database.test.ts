import assert from "node:assert/strict";
import { test } from "node:test";
import { sql, type Status, type TransactionRecord } from "../../src/js/index.js";
import type { WireReply } from "../../src/js/messages.js";
import { deferred, quiet, wasmError, withDatabase } from "./worker_double.js";

const rejectedRecord: TransactionRecord = {
  id: "c:3",
  number: 3,
  state: "rejected",
  meta: { label: "add" },
  attempts: 1,
  createdAt: 0,
  error: { code: "EMPTY_TITLE", message: "a title is needed", retryable: false },
  causedBy: null,
  changes: [],
};

test("a query takes text and parameters, or a statement, and gives row objects", async () => {
  const script = () => ({ columns: ["id", "completed"], values: ["a", true] });
  await withDatabase(script, async (db, worker) => {
    assert.deepEqual(await db.query("SELECT * FROM todos WHERE id = ?", ["a"]), [{ id: "a", completed: true }]);
    assert.deepEqual(await db.query(db.sql`SELECT * FROM todos WHERE id = ${"a"}`), [{ id: "a", completed: true }]);
    const request = { type: "query", sql: "SELECT * FROM todos WHERE id = ?", params: ["a"] };
    assert.deepEqual(worker.requests, [request, request]);
  });
});

test("an execute gives what was affected and the rows of RETURNING", async () => {
  const script = (request: { type: string }) =>
    request.type === "execute" ? { rowsAffected: 1, transaction: "c:1", columns: ["id"], values: ["a"] } : null;
  await withDatabase(script, async (db) => {
    assert.deepEqual(await db.execute("INSERT INTO todos (id) VALUES (?) RETURNING id", ["a"]), {
      rowsAffected: 1,
      transaction: "c:1",
      rows: [{ id: "a" }],
    });
  });
});

test("a write hands back a handle that waits for the server's verdict", async () => {
  const verdicts = [{ ...rejectedRecord, state: "confirmed" as const }, rejectedRecord];
  const script = (request: { type: string }) => {
    if (request.type === "settled") return [verdicts.shift()] as WireReply;
    return request.type === "execute" ? { rowsAffected: 1, transaction: "c:3", columns: [], values: [] } : quiet(request as never);
  };
  await withDatabase(script, async (db, worker) => {
    const write = db.execute("UPDATE todos SET title = ?", [""]);
    assert.equal((await write).transaction, "c:3");
    assert.equal((await write.confirmed())?.state, "confirmed");
    await assert.rejects(db.confirmed("c:3"), { code: "EMPTY_TITLE", cause: rejectedRecord });
    assert.deepEqual(worker.requests.slice(1), [
      { type: "settled", id: "c:3" },
      { type: "settled", id: "c:3" },
    ]);
  });
});

test("a write that syncs nothing is confirmed at once", async () => {
  await withDatabase(quiet, async (db, worker) => {
    assert.equal(await db.transaction(() => {}).confirmed(), null);
    assert.deepEqual(
      worker.requests.map(({ type }) => type),
      ["begin", "commit"],
    );
  });
});

test("a batch takes statements in each form, in one request", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const results = await db.batch([sql`DELETE FROM a WHERE x = ${1}`, "DELETE FROM b", { sql: "DELETE FROM c WHERE y = ?", params: [2] }], {
      meta: { label: "clean" },
    });
    assert.equal(results.length, 3);
    assert.deepEqual(worker.requests, [
      {
        type: "batch",
        statements: [
          { sql: "DELETE FROM a WHERE x = ?", params: [1] },
          { sql: "DELETE FROM b", params: [] },
          { sql: "DELETE FROM c WHERE y = ?", params: [2] },
        ],
        meta: { label: "clean" },
      },
    ]);
  });
});

test("a wrong parameter rejects before anything crosses", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const wrong = {} as unknown as string;
    await assert.rejects(db.query("SELECT ?", [wrong]), { code: "ARGUMENT" });
    await assert.rejects(db.execute("SELECT ?", [wrong]), { code: "ARGUMENT" });
    await assert.rejects(db.batch([{ sql: "SELECT ?", params: [wrong] }]), { code: "ARGUMENT" });
    await assert.rejects(db.query(7 as unknown as string), { code: "ARGUMENT" });
    assert.throws(() => db.live("SELECT ?", [wrong]), { code: "ARGUMENT" });
    assert.deepEqual(worker.requests, []);
  });
});

test("errors keep code, message and whether a retry helps; anything else is a bug of ours", async () => {
  const errors = [wasmError("QUOTA", "the storage is full: 10 MB", true), new RangeError("unreachable")];
  await withDatabase(
    (request) => {
      if (request.type === "query") throw errors.shift();
      return null;
    },
    async (db) => {
      await assert.rejects(db.query("SELECT 1"), { name: "ThroughlineError", code: "QUOTA", retryable: true, message: "the storage is full: 10 MB" });
      await assert.rejects(db.query("SELECT 1"), { code: "INTERNAL", retryable: false, message: "RangeError: unreachable" });
    },
  );
});

test("a wait can be given up with the signal's own reason", async () => {
  const reply = deferred<WireReply>();
  await withDatabase((request) => (request.type === "query" ? reply.promise : null), async (db, worker) => {
    const control = new AbortController();
    const waiting = db.query("SELECT 1", [], { signal: control.signal });
    control.abort(new Error("left the page"));
    await assert.rejects(waiting, { message: "left the page" });
    await assert.rejects(db.execute(sql`SELECT 1`, { signal: AbortSignal.abort() }), { name: "AbortError" });
    reply.resolve(new Uint8Array());
    await db.status();
    assert.deepEqual(worker.requests.map(({ type }) => type), ["query", "status"]);
  });
});

test("events reach their listeners until they leave, and one that throws stops nobody", async () => {
  const uncaught: unknown[] = [];
  Object.assign(globalThis, { reportError: (error: unknown) => uncaught.push(error) });
  await withDatabase(quiet, async (db, worker) => {
    const heard: string[] = [];
    const bug = new Error("a listener's own bug");
    db.on("rejected", () => {
      throw bug;
    });
    const stop = db.on("rejected", ({ error }) => heard.push(error?.code ?? ""));
    worker.notify({ type: "rejected", transaction: rejectedRecord });
    worker.notify({ type: "confirmed", transaction: { ...rejectedRecord, state: "confirmed" } });
    await db.status();
    stop();
    worker.notify({ type: "rejected", transaction: rejectedRecord });
    await db.status();
    assert.deepEqual(heard, ["EMPTY_TITLE"]);
    assert.deepEqual(uncaught, [bug, bug]);
  });
});

test("onStatus tells the current status first, then each change", async () => {
  const status = (pending: number): Status => ({
    storage: {
      persistence: "opfs", reason: null, journalMode: "wal", lockingMode: "exclusive", synchronous: "full",
      persisted: null, quota: null, usage: null, error: null, recovered: null, evicted: null,
    },
    connected: true,
    shapes: [],
    upload: { phase: "idle", retryAt: null, attempts: 0, error: null },
    pending,
    rejected: 0,
  });
  await withDatabase((request) => (request.type === "status" ? status(0) : null), async (db, worker) => {
    const heard: number[] = [];
    const stop = db.onStatus(({ pending }) => heard.push(pending));
    await db.status();
    worker.notify({ type: "status", status: status(1) });
    await db.status();
    stop();
    worker.notify({ type: "status", status: status(2) });
    await db.status();
    assert.deepEqual(heard, [0, 1]);
  });
});

test("the journal's calls name the transaction", async () => {
  const replies: Record<string, WireReply> = { rejected: [rejectedRecord], retry: { transaction: "c:4" }, edit: { transaction: "c:5" } };
  await withDatabase((request) => replies[request.type] ?? null, async (db, worker) => {
    assert.deepEqual(await db.rejected(), [rejectedRecord]);
    assert.equal(await db.retry(3), "c:4");
    assert.equal(await db.retry(3, { dependents: true }), "c:4");
    assert.equal(await db.edit(3, rejectedRecord.changes, { meta: { again: true } }), "c:5");
    await db.discard(3);
    await db.disconnect();
    await db.connect();
    assert.deepEqual(worker.requests, [
      { type: "rejected" },
      { type: "retry", number: 3, dependents: undefined },
      { type: "retry", number: 3, dependents: true },
      { type: "edit", number: 3, changes: rejectedRecord.changes, meta: { again: true } },
      { type: "discard", number: 3, dependents: undefined },
      { type: "disconnect" },
      { type: "connect" },
    ]);
  });
});

test("a retry can be waited for like any write", async () => {
  const confirmed = { ...rejectedRecord, id: "c:4", state: "confirmed" as const };
  await withDatabase((request) => (request.type === "settled" ? [confirmed] : { transaction: "c:4" }), async (db, worker) => {
    assert.deepEqual(await db.retry(3).confirmed(), confirmed);
    assert.deepEqual(worker.requests[1], { type: "settled", id: "c:4" });
  });
});

test("edited values cross in the spelling of a record, and nothing of them is lost without a word", async () => {
  const edit = (value: Record<string, unknown>) => [{ table: "zoo", operation: "update" as const, key: [1n], value }];
  await withDatabase(() => ({ transaction: "c:4" }), async (db, worker) => {
    const at = new Date("2026-01-02T03:04:05.600Z");
    await db.edit(3, edit({ wide: 2n ** 60n, raw: new Uint8Array([0, 255]), at, real: -Infinity, doc: { a: [1, null] }, none: null }));
    const value = { wide: "1152921504606846976", raw: "\\x00ff", at: at.toISOString(), real: "-Infinity", doc: { a: [1, null] }, none: null };
    assert.deepEqual(worker.requests, [{ type: "edit", number: 3, changes: [{ ...edit({})[0], key: ["1"], value }] }]);
    for (const [lost, what] of [[NaN, "NaN"], [new Date(NaN), "an invalid Date"]]) {
      await assert.rejects(db.edit(3, edit({ title: lost })), { code: "ARGUMENT", message: `changes cannot be written as JSON: title is ${what}` });
    }
    const round: Record<string, unknown> = {};
    round.self = round;
    await assert.rejects(db.edit(3, edit(round)), { code: "ARGUMENT", message: /circular/i });
  });
});
