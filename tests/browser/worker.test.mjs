// The wasm module in a worker of the app's own, without the package's main-thread half.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage({}, async () => {
  page = await openApp(profile, server);
  await page.evaluate(() => {
    const worker = new Worker("/fixtures/own-worker.js", { type: "module" });
    globalThis.run = (step) =>
      new Promise((resolve, reject) => {
        worker.onmessage = ({ data }) => ("error" in data ? reject(new Error(data.error)) : resolve(data.answer));
        worker.onerror = (event) => reject(new Error(event.message));
        worker.postMessage(step);
      });
  });
});

const run = (step) => page.evaluate((name) => globalThis.run(name), step);

describe("Database in an app's own worker", () => {
  it("opens and syncs", async () => {
    assert.deepEqual(await run("open"), { persistence: "opfs", rows: 5 });
  });

  it("runs statements, and batches as a whole or not at all", async () => {
    assert.deepEqual(await run("statements"), {
      executed: { rowsAffected: 1, rows: [{ id: 1 }], transaction: null },
      batch: [1, 1],
      failed: { isError: true, code: "CONSTRAINT", retryable: false },
      rows: [{ id: 1, big: "9007199254740993" }, { id: 2, big: null }, { id: 3, big: null }],
    });
  });

  it("runs transactions, and rolls back those that throw", async () => {
    assert.deepEqual(await run("transactions"), { returned: 3, thrown: "changed my mind", count: 4, late: "TRANSACTION_CLOSED" });
  });

  it("tells live queries with the rows that stayed as the same objects", async () => {
    assert.deepEqual(await run("live"), { first: 4, inserted: [{ id: 9, big: null }], kept: true, afterwards: 2 });
  });

  it("sends writes and tells when they are confirmed", async () => {
    const { pending, confirmed, problems } = await run("write");
    assert.equal(pending, 1);
    assert.equal(confirmed, "queued in a worker");
    assert.deepEqual(problems, []);
    assert.ok((await server.rows()).some(({ title }) => title === "written in a worker"));
  });

  it("sets, loads and removes shapes", async () => {
    assert.deepEqual(await run("shapes"), {
      loaded: 2,
      aborted: ["given up", "given up"],
      codes: ["ARGUMENT", "ARGUMENT", "ARGUMENT"],
      after: null,
    });
  });

  it("closes, and lets another open", async () => {
    assert.equal(await run("close"), "CLOSED");
    const count = await page.evaluate(async () => {
      const db = await app.open({ name: "own" });
      const [{ n }] = await db.query("SELECT count(*) AS n FROM todos");
      await db.close();
      return n;
    });
    assert.equal(count, 6);
  });
});
