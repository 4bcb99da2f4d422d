// The page's half outlives its worker: after a crash, and after the page was asleep.

import assert from "node:assert/strict";
import { mock, test } from "node:test";
import { open, type Database, type SendWrites } from "../../src/js/index.js";
import type { AnyTables } from "../../src/js/options.js";
import { deferred, installWorker, quiet, todos, wasmError, type Script, type WorkerDouble } from "./worker_double.js";

/** A database whose worker dies at will: `crash` resolves when the next worker has opened. */
async function withCrashes(script: Script, body: (db: Database<AnyTables>, started: WorkerDouble[], crash: () => Promise<WorkerDouble>) => Promise<void>) {
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const started = installWorker(script);
  const db = await open(todos);
  const crash = async () => {
    const count = started.length;
    started.at(-1)?.crash("unreachable executed");
    mock.timers.tick(1_000);
    assert.equal(started.length, count + 1, "a worker is started again");
    await db.status();
    return started.at(-1) as WorkerDouble;
  };
  try {
    await body(db, started, crash);
  } finally {
    await db.close();
    mock.timers.reset();
  }
}

const types = ({ requests }: WorkerDouble) => requests.map(({ type }) => type);

test("what is unanswered is asked again, in order and under the same ids", async () => {
  let stuck = true;
  const script: Script = (request) => (stuck && "sql" in request ? new Promise<never>(() => {}) : quiet(request));
  await withCrashes(script, async (db, started, crash) => {
    const first = db.execute("INSERT INTO todos (id) VALUES (1)");
    const second = db.query("SELECT 1");
    await db.status();
    stuck = false;
    const next = await crash();
    assert.equal((await first).rowsAffected, 0);
    assert.deepEqual(await second, []);
    assert.deepEqual(started[0]?.asked, [
      { type: "execute", id: 2, done: 2, timeout: undefined },
      { type: "query", id: 3, done: 2, timeout: undefined },
      { type: "status", id: 4, done: 2, timeout: undefined },
    ]);
    assert.deepEqual(next.asked.slice(0, 2), [
      { type: "execute", id: 2, done: 2, timeout: undefined },
      { type: "query", id: 3, done: 2, timeout: undefined },
    ]);
    assert.equal(started[0]?.terminated, true);
    assert.deepEqual([next.options?.session, next.options?.term], [started[0]?.options?.session, true]);
    await db.query("SELECT 2");
    assert.equal(next.asked.at(-1)?.done, next.asked.at(-1)?.id, "nothing before it is waited for any more");
  });
});

test("what an app changes after the call is not sent again", async () => {
  let stuck = true;
  const script: Script = (request) => (stuck && request.type !== "status" ? new Promise<never>(() => {}) : quiet(request));
  await withCrashes(script, async (db, _, crash) => {
    const bytes = new Uint8Array([1]);
    const shape = { where: "a" };
    const written = db.execute("UPDATE todos SET raw = ?", [bytes]);
    const set = db.setShape("todos", shape);
    bytes[0] = 2;
    shape.where = "b";
    stuck = false;
    const { requests } = await crash();
    await Promise.all([written, set]);
    assert.deepEqual(requests.slice(0, 2), [
      { type: "execute", sql: "UPDATE todos SET raw = ?", params: [new Uint8Array([1])] },
      { type: "setShape", table: "todos", name: undefined, shape: { where: "a" } },
    ]);
  });
});

test("a transaction is lost with its worker, and can be tried again", async () => {
  let stuck = true;
  const script: Script = (request) => (stuck && request.type !== "status" && request.type !== "begin" ? new Promise<never>(() => {}) : quiet(request));
  await withCrashes(script, async (db, started, crash) => {
    const lost = { code: "LEADER_CHANGED", retryable: true };
    const inStatement = db.transaction((tx) => tx.execute("DELETE FROM todos"));
    const inCommit = db.transaction(() => {});
    const between = deferred<void>();
    const inCallback = db.transaction(async (tx) => {
      await between.promise;
      await tx.execute("DELETE FROM todos");
    });
    await db.status();
    stuck = false;
    for (const write of [inStatement, inCommit, inCallback]) write.catch(() => {});
    await crash();
    between.resolve();
    await assert.rejects(inStatement, lost);
    await assert.rejects(inCallback, lost);
    await inCommit;
    assert.deepEqual(
      types(started[1] as WorkerDouble),
      ["commit", "status"],
      "the next worker knows whether it was committed; of the others nothing, no rollback either, reaches it",
    );

    await db.transaction((tx) => tx.execute("DELETE FROM todos"));
  });
});

test("a begin that is unanswered is asked again, and its transaction goes on in the next worker", async () => {
  let stuck = true;
  const script: Script = (request) => (stuck && request.type === "begin" ? new Promise<never>(() => {}) : quiet(request));
  await withCrashes(script, async (db, _, crash) => {
    const result = db.transaction(async (tx) => (await tx.execute("DELETE FROM todos")).rowsAffected);
    await db.status();
    stuck = false;
    const next = await crash();
    assert.equal(await result, 0);
    assert.deepEqual(next.asked.filter(({ type }) => type !== "status").map(({ type, id }) => `${type} ${type === "begin" ? id : ""}`), ["begin 2", "execute ", "commit "]);
  });
});

test("live queries and shapes are asked for again as they stand, before anything else", async () => {
  await withCrashes(quiet, async (db, _, crash) => {
    db.live("SELECT 1", ["a"]).subscribe(() => {});
    db.live("SELECT 2").subscribe(() => {})();
    await db.setShape("todos", { where: "a" }, { name: "mine" });
    await db.setShape("todos", { where: "b" }, { name: "mine" });
    await db.removeShape("todos");
    await db.disconnect();
    const next = await crash();
    assert.deepEqual(next.requests, [
      { type: "live", subscription: 1, key: [], sql: "SELECT 1", params: ["a"] },
      { type: "setShape", table: "todos", name: "mine", shape: { where: "b" } },
      { type: "removeShape", table: "todos", name: undefined, purge: undefined },
      { type: "status" },
    ]);
    assert.equal(next.options?.connect, false);
    const third = await crash();
    assert.deepEqual(types(third), types(next), "and again, once each");
  });
});

test("a live query that failed, or is refused the second time, is not asked for again", async () => {
  let refuse = false;
  const script: Script = (request) => {
    if (request.type === "live" && refuse) throw wasmError("SQL", "no such table: todo");
    return quiet(request);
  };
  await withCrashes(script, async (db, started, crash) => {
    const failures: string[] = [];
    db.live("SELECT 1").subscribe(() => {}, ({ code }) => failures.push(code));
    db.live("SELECT 2").subscribe(() => {}, ({ code }) => failures.push(code));
    await db.status();
    started[0]?.notify({ type: "liveFailed", subscription: 2, error: { code: "QUOTA", message: "", retryable: true } });
    await db.status();
    refuse = true;
    assert.deepEqual(types(await crash()), ["live", "status"]);
    assert.deepEqual(failures, ["QUOTA", "SQL"]);
    refuse = false;
    assert.deepEqual(types(await crash()), ["status"]);
  });
});

test("a database goes on after two failures within a minute, and ends with the third", async () => {
  await withCrashes(quiet, async (db, started, crash) => {
    const failures: string[] = [];
    const live = db.live("SELECT 1");
    live.subscribe(() => {}, ({ code }) => failures.push(code));
    db.on("closed", ({ message }) => failures.push(message));
    await crash();
    mock.timers.tick(60_000);
    await crash();
    await crash();
    const waiting = db.query("SELECT 1");
    started.at(-1)?.crash("unreachable executed");
    await assert.rejects(waiting, { code: "WORKER", message: /unreachable executed/ });
    await assert.rejects(db.execute("DELETE FROM todos"), { code: "WORKER" });
    assert.deepEqual([failures, live.error?.code], [["WORKER", "the worker failed: unreachable executed"], "WORKER"]);
    mock.timers.tick(60_000);
    assert.equal(started.length, 4);
    assert.equal(started.at(-1)?.terminated, true);
  });
});

test("a restart waits longer each time, and is not made when the database was closed meanwhile", async () => {
  await withCrashes(quiet, async (db, started) => {
    started[0]?.crash("one");
    mock.timers.tick(249);
    assert.equal(started.length, 1);
    mock.timers.tick(1);
    assert.equal(started.length, 2);
    await db.status();
    started[1]?.crash("two");
    mock.timers.tick(999);
    assert.equal(started.length, 2);
    const closing = db.close();
    mock.timers.tick(1);
    await closing;
    started[2]?.crash("three");
    mock.timers.tick(60_000);
    assert.equal(started.length, 3);
  });
});

test("a worker that fails to open again ends the database if trying again cannot help", async () => {
  let error: Error | undefined;
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const database = { request: async () => null, onNotification: () => {} } as never;
  const started = installWorker(quiet, {
    open: async () => {
      if (error) throw error;
      return database;
    },
  });
  const db = await open(todos);
  error = wasmError("DATABASE_IN_USE", "another tab has it", true);
  const waiting = db.status();
  started[0]?.crash("gone");
  const ended = assert.rejects(waiting, { code: "SCHEMA_AHEAD" });
  mock.timers.tick(250);
  await new Promise(setImmediate);
  await new Promise(setImmediate);
  error = wasmError("SCHEMA_AHEAD", "written by a newer version");
  mock.timers.tick(1_000);
  await ended;
  assert.equal(started.length, 3);
  mock.timers.reset();
});

test("a worker that was never open is not started again", async () => {
  const started = installWorker(quiet, { open: () => new Promise(() => {}) });
  const opening = open(todos);
  started[0]?.crash("404");
  await assert.rejects(opening, { code: "WORKER", message: /404/ });
  assert.equal(started.length, 1);
});

test("functions of the app's that a dead worker asked for are dismissed, and their answers reach nobody", async () => {
  const asked: { signal: AbortSignal; answer: (verdict: "accepted" | "rejected") => void }[] = [];
  const begun = [deferred<void>(), deferred<void>()];
  mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const started = installWorker(quiet);
  const send: SendWrites = (_, { signal }) =>
    new Promise((answer) => {
      begun[asked.length]?.resolve();
      asked.push({ signal, answer });
    });
  const db = await open({ ...todos, write: { send } });
  const post = (worker: WorkerDouble | undefined) => (worker?.options?.write as any).send([], { signal: new AbortController().signal });
  void post(started[0]);
  await begun[0]?.promise;
  started[0]?.crash("gone");
  assert.equal(asked[0]?.signal.aborted, true);
  mock.timers.tick(250);
  await db.status();
  const verdict = post(started[1]);
  await begun[1]?.promise;
  asked[0]?.answer("rejected");
  await db.status();
  asked[1]?.answer("accepted");
  assert.equal(await verdict, "accepted", "both workers count what they ask from one");
  await db.close();
  mock.timers.reset();
});
