// Where the database lives, and that it says so.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage({}, async () => {
  page = await openApp(profile, server);
});

/** Opens with these options, and closes again. */
const storageOf = (options) =>
  page.evaluate(async (options) => {
    const db = await app.openAlone(options);
    const { storage } = await db.status();
    await db.close();
    return storage;
  }, options);

describe("storage", () => {
  it("is OPFS in WAL mode, each commit synced", async () => {
    const { persistence, reason, journalMode, lockingMode, synchronous, error } = await storageOf({});
    assert.deepEqual(
      { persistence, reason, journalMode, lockingMode, synchronous, error },
      { persistence: "opfs", reason: null, journalMode: "wal", lockingMode: "exclusive", synchronous: "full", error: null },
    );
  });

  it("is memory when the app asks for it, and then forgets", async () => {
    const { persistence, reason } = await storageOf({ storage: "memory" });
    assert.equal(persistence, "memory");
    assert.ok(reason);
    const rows = await page.evaluate(async () => {
      const first = await app.openAlone({ storage: "memory" });
      await app.add(first, "forgotten");
      await first.close();
      const second = await app.openAlone({ storage: "memory" });
      const rows = await second.query("SELECT * FROM todos");
      await second.close();
      return rows;
    });
    assert.deepEqual(rows, []);
  });

  for (const worker of ["no-opfs-worker", "no-handles-worker"]) {
    const workerUrl = `/fixtures/${worker}.js`;

    it(`falls back to memory and says why (${worker})`, async () => {
      const { persistence, reason } = await storageOf({ workerUrl });
      assert.equal(persistence, "memory");
      assert.match(reason, /OPFS/);
    });

    it(`is an error instead where the app insists on OPFS (${worker})`, async () => {
      const failure = await page.evaluate((workerUrl) => app.failure(() => app.openAlone({ workerUrl, storage: "opfs" })), workerUrl);
      assert.deepEqual({ code: failure?.code, retryable: failure?.retryable }, { code: "STORAGE", retryable: false });
    });
  }

  it("that has no such name is an argument error", async () => {
    assert.equal((await page.evaluate(() => app.failure(() => app.openAlone({ storage: "floppy" })))).code, "ARGUMENT");
  });

  it("works in memory as on disk: rows come, writes go", async () => {
    const rows = await page.evaluate(async () => {
      const db = await app.openSynced({ storage: "memory" });
      await app.add(db, "from memory");
      await app.confirmed(db);
      const rows = await db.query("SELECT * FROM todos");
      await db.close();
      return rows.length;
    });
    assert.equal(rows, 6);
    assert.equal((await server.rows()).length, 6);
  });
});

describe("a database", () => {
  it("keeps what was written when it is closed and opened again", async () => {
    const titles = await page.evaluate(async () => {
      const first = await app.openAlone({ name: "kept" });
      await app.add(first, "kept");
      await first.close();
      const second = await app.openAlone({ name: "kept" });
      const rows = await second.query("SELECT title FROM todos");
      await second.close();
      return rows.map(({ title }) => title);
    });
    assert.deepEqual(titles, ["kept"]);
  });

  it("of one name knows nothing of another's", async () => {
    const rows = await page.evaluate(async () => {
      const db = await app.openAlone({ name: "kept.2" });
      const rows = await db.query("SELECT * FROM todos");
      await db.close();
      return rows;
    });
    assert.deepEqual(rows, []);
  });

  it("is empty after wipe, which closes it", async () => {
    const [closed, rows, pending] = await page.evaluate(async () => {
      const first = await app.openAlone({ name: "kept" });
      await first.wipe();
      const closed = await app.failure(() => first.query("SELECT 1"));
      const second = await app.openAlone({ name: "kept" });
      const left = [await second.query("SELECT * FROM todos"), await second.pending()];
      await second.close();
      return [closed.code, ...left];
    });
    assert.equal(closed, "CLOSED");
    assert.deepEqual(rows, []);
    assert.deepEqual(pending, []);
  });

  it("is not opened from a name or tables that cannot be", async () => {
    const codes = await page.evaluate(async () => [
      (await app.failure(() => app.openAlone({ name: "" }))).code,
      (await app.failure(() => app.openAlone({ tables: { things: { columns: { id: "uuid" } } } }))).code,
      (await app.failure(() => app.openAlone({ workerUrl: "/fixtures/nowhere.js" }))).code,
      (await app.failure(() => app.openAlone({ wasmUrl: "/pkg/nowhere.wasm" }))).code,
    ]);
    assert.deepEqual(codes, ["ARGUMENT", "SCHEMA", "WORKER", "WORKER"]);
  });
});
