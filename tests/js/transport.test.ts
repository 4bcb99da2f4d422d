// Functions of the app's that stand in a POST: called in the page, from the worker, with arguments and a signal.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, type OutgoingTransaction, type SendWrites, type WriteOptions } from "../../src/js/index.js";
import { deferred, installWorker, quiet, todos } from "./worker_double.js";

const transactions: OutgoingTransaction[] = [
  { id: "c:1", changes: [{ id: 1, table: "todos", operation: "delete", write_id: "w", value: { id: "a" } }] },
];

/** Opens with these options and returns what the wasm module finds in their place. */
async function opened(write: WriteOptions) {
  const [worker] = [installWorker(quiet)];
  const db = await open({ ...todos, write });
  return { db, write: worker[0]?.options?.write as any };
}

/** What a call rejects with, as plain fields. */
const thrown = (call: Promise<unknown>) => call.then(() => assert.fail(), (error: Error) => ({ ...error, message: error.message }));

test("send gets the transactions and answers with verdicts, or with nothing; no url is needed", async () => {
  const answers = [{ transactions: [{ id: "c:1", status: "accepted", txid: 7 }] }, undefined] as Awaited<ReturnType<SendWrites>>[];
  const seen: unknown[] = [];
  const { db, write } = await opened({
    send: async (sent) => {
      seen.push(sent);
      return answers.shift();
    },
  });
  assert.equal("url" in write, false);
  assert.deepEqual(await write.send(transactions, { signal: new AbortController().signal }), {
    transactions: [{ id: "c:1", status: "accepted", txid: 7 }],
  });
  assert.equal(await write.send(transactions, { signal: new AbortController().signal }), undefined);
  assert.deepEqual(seen, [transactions, transactions]);
  await db.close();
});

test("what send throws keeps its status, its body and whether a retry helps, and adds none of these", async () => {
  const errors: unknown[] = [
    Object.assign(new Error("no"), { status: 422, body: { message: "taken" } }),
    Object.assign(new Error("never"), { retryable: false, code: "GONE" }),
    new TypeError("offline"),
    "just text",
  ];
  const { db, write } = await opened({
    send: async () => {
      throw errors.shift();
    },
  });
  const send = () => thrown(write.send(transactions, { signal: new AbortController().signal }));
  assert.deepEqual(await send(), { message: "no", status: 422, body: '{"message":"taken"}' });
  assert.deepEqual(await send(), { code: "GONE", message: "never", retryable: false });
  assert.deepEqual(await send(), { message: "offline" });
  assert.deepEqual(await send(), { message: "just text" });
  await db.close();
});

test("a cancelled POST fires the page's signal, and so does the end of the database", async () => {
  for (const end of ["cancel", "crash"] as const) {
    const started = installWorker(quiet);
    const begun = deferred<AbortSignal>();
    const send: SendWrites = (_, { signal }) => {
      begun.resolve(signal);
      return new Promise(() => {});
    };
    const db = await open({ ...todos, write: { send } });
    const canceller = new AbortController();
    void (started[0]?.options?.write as any).send(transactions, { signal: canceller.signal });
    const signal = await begun.promise;
    assert.equal(signal.aborted, false);
    const fired = new Promise((resolve) => signal.addEventListener("abort", resolve));
    if (end === "cancel") canceller.abort();
    else started[0]?.crash("end of test");
    await fired;
    await db.close();
  }
});

test("classify is shown the answer and the transactions", async () => {
  const { db, write } = await opened({
    url: "https://app.test/changes",
    classify: async ({ status, headers, body }, sent) =>
      status === 418 ? { transactions: [{ id: sent[0]?.id as string, status: "rejected", error: { message: `${headers["x"]} ${body}` } }] } : undefined,
  });
  const verdict = await write.classify({ status: 418, headers: { x: "1" }, body: "tea" }, transactions);
  assert.deepEqual(verdict, { transactions: [{ id: "c:1", status: "rejected", error: { message: "1 tea" } }] });
  assert.equal(await write.classify({ status: 500, headers: {}, body: "" }, transactions), undefined);
  await db.close();
});

test("limits of a batch and the wish for every edit cross as they are", async () => {
  const { db, write } = await opened({ url: "https://app.test/changes", batch: { transactions: 5, bytes: 1_000 }, coalesce: false });
  assert.deepEqual(write, { url: "https://app.test/changes", batch: { transactions: 5, bytes: 1_000 }, coalesce: false });
  await db.close();
});
