import assert from "node:assert/strict";
import { test } from "node:test";
import type { WireReply, WireRequest } from "../../src/js/messages.js";
import type { Transaction } from "../../src/js/index.js";
import type { AnyTables } from "../../src/js/options.js";
import { deferred, quiet, wasmError, withDatabase, type WorkerDouble } from "./worker_double.js";

/** The requests in short: `execute@1` is one inside transaction 1. */
function told(worker: WorkerDouble): string[] {
  return worker.requests.map((request) => ("transaction" in request ? `${request.type}@${request.transaction}` : request.type));
}

const failing = (type: WireRequest["type"]) => (request: WireRequest) => {
  if (request.type === type) throw wasmError("CONSTRAINT", "that id is taken");
  return quiet(request);
};

test("what the callback returns is the result, and the statements are committed", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const result = await db.transaction(
      async (tx) => {
        await tx.query(tx.sql`SELECT ${1}`);
        await tx.execute("DELETE FROM todos");
        return "done";
      },
      { meta: { label: "clear" } },
    );
    assert.equal(result, "done");
    assert.deepEqual(told(worker), ["begin", "query@1", "execute@1", "commit@1"]);
    assert.deepEqual(worker.requests[0], { type: "begin", meta: { label: "clear" } });
  });
});

test("a callback that throws rolls back and its error comes through", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const mine = new Error("mine");
    await assert.rejects(
      db.transaction(async (tx) => {
        await tx.execute("DELETE FROM todos");
        throw mine;
      }),
      (error) => error === mine,
    );
    assert.deepEqual(told(worker), ["begin", "execute@1", "rollback@1"]);
  });
});

test("an error the callback catches is its own affair", async () => {
  await withDatabase(failing("execute"), async (db, worker) => {
    await db.transaction(async (tx) => {
      await tx.execute("INSERT INTO todos (id) VALUES (1)").catch(() => {});
      await tx.query("SELECT 1");
    });
    assert.deepEqual(told(worker), ["begin", "execute@1", "query@1", "commit@1"]);
  });
});

test("a statement that nobody waited for still decides", async () => {
  await withDatabase(failing("execute"), async (db, worker) => {
    let forgotten: Promise<unknown> | undefined;
    await assert.rejects(
      db.transaction((tx) => {
        forgotten = tx.execute("INSERT INTO todos (id) VALUES (1)");
        forgotten.catch(() => {});
      }),
      { code: "CONSTRAINT" },
    );
    assert.deepEqual(told(worker), ["begin", "execute@1", "rollback@1"]);
  });
});

test("a commit that fails is told and rolled back", async () => {
  await withDatabase(failing("commit"), async (db, worker) => {
    await assert.rejects(db.transaction(() => {}), { code: "CONSTRAINT" });
    assert.deepEqual(told(worker), ["begin", "commit@1", "rollback@1"]);
  });
});

test("after its end a transaction takes nothing more", async () => {
  await withDatabase(quiet, async (db, worker) => {
    let kept: Transaction<AnyTables> | undefined;
    await db.transaction((tx) => void (kept = tx));
    await assert.rejects(kept?.execute("DELETE FROM todos") ?? Promise.resolve(), { code: "TRANSACTION_CLOSED" });
    await assert.rejects(kept?.query("SELECT 1") ?? Promise.resolve(), { code: "TRANSACTION_CLOSED" });
    assert.deepEqual(told(worker), ["begin", "commit@1"]);
  });
});

test("a begin nobody waits for any more is rolled back when it comes", async () => {
  const begun = deferred<WireReply>();
  const rolledBack = deferred<void>();
  const script = (request: WireRequest) => {
    if (request.type === "begin") return begun.promise;
    if (request.type === "rollback") rolledBack.resolve();
    return quiet(request);
  };
  await withDatabase(script, async (db, worker) => {
    const control = new AbortController();
    const waiting = db.transaction(() => assert.fail("must not run"), { signal: control.signal });
    await db.status();
    control.abort(new Error("too slow"));
    await assert.rejects(waiting, { message: "too slow" });
    begun.resolve({ transaction: 9 });
    await rolledBack.promise;
    assert.deepEqual(told(worker), ["begin", "status", "rollback@9"]);
  });
});
