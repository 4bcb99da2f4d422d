// Signals and time-outs: one rule for every call.

import assert from "node:assert/strict";
import { getEventListeners } from "node:events";
import { test } from "node:test";
import { open, type Database, type Waiting } from "../../src/js/index.js";
import type { WireReply, WireRequest } from "../../src/js/messages.js";
import type { AnyTables } from "../../src/js/options.js";
import { deferred, installWorker, quiet, todos, withDatabase, type Script, type WorkerDouble } from "./worker_double.js";

/** Each call that waits, by the request it makes. */
const calls: Record<string, (db: Database<AnyTables>, waiting: Waiting) => Promise<unknown>> = {
  query: (db, waiting) => db.query("SELECT 1", [], waiting),
  execute: (db, waiting) => db.execute(db.sql`SELECT 1`, waiting),
  batch: (db, waiting) => db.batch(["SELECT 1"], waiting),
  status: (db, waiting) => db.status(waiting),
  pending: (db, waiting) => db.pending(waiting),
  rejected: (db, waiting) => db.rejected(waiting),
  settled: (db, waiting) => db.confirmed("c:1", waiting),
  retry: (db, waiting) => db.retry(3, waiting),
  edit: (db, waiting) => db.edit(3, [], waiting),
  discard: (db, waiting) => db.discard(3, waiting),
  setShape: (db, waiting) => db.setShape("todos", {}, waiting),
  removeShape: (db, waiting) => db.removeShape("todos", waiting),
  loadSubset: (db, waiting) => db.loadSubset("todos", {}, waiting),
  verify: (db, waiting) => db.verify(waiting),
  connect: (db, waiting) => db.connect(waiting),
  disconnect: (db, waiting) => db.disconnect(waiting),
  export: (db, waiting) => db.export(waiting),
  import: (db, waiting) => db.import(new Uint8Array(), waiting),
  wipe: (db, waiting) => db.wipe(waiting),
};

/** Time that goes on when a test says so: what a machine is slow in does not count. */
const STOPPED = { apis: ["setTimeout" as const] };

/** Answers nothing but a close. */
const silent: Script = (request) => (request.type === "close" ? null : new Promise<never>(() => {}));

/** Answers all but one type of request, and tells when that was asked. */
function holding(type: WireRequest["type"]): [Script, Promise<void>] {
  const asked = deferred<void>();
  const script: Script = (request) => {
    if (request.type !== type) return quiet(request);
    asked.resolve();
    return new Promise<never>(() => {});
  };
  return [script, asked.promise];
}

const told = ({ requests }: WorkerDouble) => requests.map(({ type }) => type).filter((type) => type !== "status");

test("each call ends with its signal or its time, and takes the request back", async (t) => {
  t.mock.timers.enable(STOPPED);
  for (const [type, call] of Object.entries(calls)) {
    await withDatabase(silent, async (db, worker) => {
      const control = new AbortController();
      const aborted = call(db, { signal: control.signal });
      const late = call(db, { timeout: 5 });
      await new Promise(setImmediate);
      control.abort(new Error("left the page"));
      await assert.rejects(aborted, { message: "left the page" }, type);
      t.mock.timers.tick(5);
      await assert.rejects(late, { name: "ThroughlineError", code: "TIMEOUT", retryable: false, message: "not done within 5 ms" }, type);
      await assert.rejects(call(db, { signal: AbortSignal.abort() }), { name: "AbortError" }, type);
      await assert.rejects(call(db, { timeout: NaN }), { code: "ARGUMENT" }, type);
      await db.close();
      assert.deepEqual(worker.requests.map(({ type }) => type), [type, type, "close"], type);
      const ids = worker.asked.slice(0, 2).map(({ id }) => id);
      assert.deepEqual(worker.notices, ids.map((id) => ({ type: "cancel", id })), type);
      assert.equal(worker.asked[2]?.done, worker.asked[2]?.id, `${type}: who is not waited for does not hold the others up`);
      const limits = ["query", "execute", "batch"].includes(type) ? [undefined, 5] : [undefined, undefined];
      assert.deepEqual(worker.asked.slice(0, 2).map(({ timeout }) => timeout), limits, type);
    });
  }
});

test("what is answered in time leaves nothing behind", async (t) => {
  t.mock.timers.enable(STOPPED);
  await withDatabase(quiet, async (db, worker) => {
    const control = new AbortController();
    await db.query("SELECT 1", [], { signal: control.signal, timeout: 5 });
    await db.query("SELECT 1", [], { timeout: Infinity });
    await db.query("SELECT 1", [], { timeout: 0.5 });
    assert.deepEqual(getEventListeners(control.signal, "abort"), []);
    control.abort();
    t.mock.timers.tick(10);
    await db.status();
    assert.deepEqual(worker.notices, []);
    assert.deepEqual(worker.asked.map(({ timeout }) => timeout), [5, undefined, 1, undefined]);
  });
});

test("a transaction that takes too long is rolled back, and its callback can do nothing more", async (t) => {
  t.mock.timers.enable(STOPPED);
  const [script, asked] = holding("query");
  await withDatabase(script, async (db, worker) => {
    const goOn = deferred<void>();
    let after: Promise<unknown> | undefined;
    const transaction = db.transaction(
      async (tx) => {
        await tx.query("SELECT 1").catch(() => {});
        await goOn.promise;
        after = tx.execute("DELETE FROM todos");
        await after;
      },
      { timeout: 5 },
    );
    await asked;
    t.mock.timers.tick(5);
    await assert.rejects(transaction, { code: "TIMEOUT" });
    goOn.resolve();
    await db.status();
    await assert.rejects(after ?? Promise.resolve(), { code: "TRANSACTION_CLOSED" });
    assert.deepEqual(told(worker), ["begin", "query", "rollback"]);
    assert.deepEqual(worker.notices, [{ type: "cancel", id: worker.asked[1]?.id }]);
  });
});

test("a statement of a transaction has what is left of its time", async () => {
  await withDatabase(quiet, async (db, worker) => {
    await db.transaction((tx) => tx.query("SELECT 1"));
    await db.transaction((tx) => tx.query("SELECT 1"), { timeout: 60_000 });
    const [unlimited, limited] = worker.asked.filter(({ type }) => type === "query").map(({ timeout }) => timeout);
    assert.equal(unlimited, undefined);
    assert.ok(limited && limited > 30_000 && limited <= 60_000, String(limited));
    assert.deepEqual(worker.asked.filter(({ type, timeout }) => type !== "query" && timeout), []);
  });
});

test("a commit that nobody waits for any more is taken back", async (t) => {
  t.mock.timers.enable(STOPPED);
  const [script, asked] = holding("commit");
  await withDatabase(script, async (db, worker) => {
    const transaction = db.transaction(() => {}, { timeout: 5 });
    await asked;
    t.mock.timers.tick(5);
    await assert.rejects(transaction, { code: "TIMEOUT" });
    await db.status();
    assert.deepEqual(told(worker), ["begin", "commit", "rollback"]);
    assert.deepEqual(worker.notices, [{ type: "cancel", id: worker.asked[1]?.id }]);
  });
});

test("the wait for the server's verdict has one limit, the write included", async (t) => {
  t.mock.timers.enable(STOPPED);
  const written = deferred<WireReply>();
  const [holdsVerdict, asked] = holding("settled");
  const script: Script = (request) => (request.type === "execute" ? written.promise : holdsVerdict(request));
  await withDatabase(script, async (db, worker) => {
    const write = db.execute("DELETE FROM todos");
    const impatient = write.confirmed({ timeout: 5 });
    t.mock.timers.tick(5);
    await assert.rejects(impatient, { code: "TIMEOUT" });
    const confirmed = write.confirmed({ timeout: 20 });
    written.resolve({ rowsAffected: 1, transaction: "c:1" });
    await asked;
    t.mock.timers.tick(20);
    await assert.rejects(confirmed, { code: "TIMEOUT" });
    await write;
    await db.status();
    const settled = worker.asked.filter(({ type }) => type === "settled").map(({ id }) => id);
    assert.equal(settled.length, 1, "only who still waits when the write is known asks for the verdict");
    assert.deepEqual(worker.notices, [{ type: "cancel", id: settled[0] }]);
  });
});

test("opening has a limit as well, and ends the worker", async () => {
  const started = installWorker(quiet, { open: () => new Promise(() => {}) });
  await assert.rejects(open(todos, { timeout: 5 }), { code: "TIMEOUT" });
  assert.equal(started[0]?.terminated, true);
});

test("a close that takes too long goes on without the one who waited", async () => {
  const closed = deferred<WireReply>();
  const started = installWorker(() => closed.promise);
  const db = await open(todos);
  await assert.rejects(db.close({ timeout: 5 }), { code: "TIMEOUT" });
  closed.resolve(null);
  await db.close();
  assert.equal(started[0]?.terminated, true);
});
