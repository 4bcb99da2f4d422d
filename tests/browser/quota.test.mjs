// The device runs out of space: what does not fit is refused as such, everything else goes on, and all of it once there is space again.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

/** Room to open in: Chromium sets a megabyte aside for each file of the pool. */
const ROOM_TO_OPEN = 20_000_000;
const TOO_FEW = 10_000_000;
/** About 30 MB. */
const ROWS = 100_000;
const ROW_BYTES = 300;

let server;
let profile;
let page;
let quota;

before(async () => {
  server = await startServer({ chunkBytes: 1_000_000 });
});

after(async () => {
  await server?.dispose();
});

// Each test has a storage of its own.
beforeEach(async () => {
  profile = await newProfile();
  page = await openApp(profile, server);
  const devtools = await profile.context.newCDPSession(page);
  quota = (bytes) => devtools.send("Storage.overrideQuotaForOrigin", { origin: server.origin, ...(bytes && { quotaSize: bytes }) });
});

afterEach(async () => {
  await profile?.dispose();
});

/** How often each of these titles is on the server. */
async function times(titles) {
  const rows = await server.rows();
  return titles.map((wanted) => rows.filter(({ title }) => title === wanted).length);
}

const REFUSED = { isError: true, code: "QUOTA", retryable: true };
const refusal = ({ isError, code, retryable }) => ({ isError, code, retryable });

describe("a device without space", () => {
  it("refuses a write that does not fit, keeps what it has, and takes it once there is space", async () => {
    await quota(ROOM_TO_OPEN);
    const [failure, titles, problems] = await page.evaluate(async (bytes) => {
      globalThis.db = await app.openSynced();
      await db.execute("CREATE TABLE bytes (bytes BLOB)");
      await app.add(db, "small enough");
      const failure = await app.failure(() => db.execute("INSERT INTO bytes VALUES (randomblob(?))", [bytes]));
      const rows = await db.query("SELECT title FROM todos");
      return [failure, rows.map(({ title }) => title), (await db.verify()).problems];
    }, ROOM_TO_OPEN);
    assert.deepEqual(refusal(failure ?? {}), REFUSED, failure?.message);
    assert.equal(titles.length, 6);
    assert.deepEqual(problems, []);

    await quota();
    const rows = await page.evaluate(async (bytes) => {
      await db.execute("INSERT INTO bytes VALUES (randomblob(?))", [bytes]);
      await app.confirmed(db);
      return db.query("SELECT length(bytes) AS size FROM bytes");
    }, ROOM_TO_OPEN);
    assert.deepEqual(rows, [{ size: ROOM_TO_OPEN }]);
    assert.deepEqual(await times(["small enough"]), [1]);
  });

  it("in the middle of a sync goes on reading, says so, and goes on by itself once there is space", async () => {
    await server.fill("entries", ROWS, ROW_BYTES);
    await page.evaluate(async () => {
      globalThis.db = await app.open({ name: "sync", tables: { todos: {}, entries: { indexes: ["number"] } } });
      globalThis.entries = ({ shapes }) => shapes.find(({ table }) => table === "entries");
      await app.status(db, (status) => entries(status).rows > 0);
    });
    await quota(TOO_FEW);
    const { error, loaded, kept, refused } = await page.evaluate(async () => {
      const { storage, shapes } = await app.status(db, ({ storage }) => storage.error);
      const [kept, refused] = [[], []];
      // Each longer than the one before, until there is no room for one.
      for (let n = 0; refused.length < 3; n++) {
        const title = `write ${n} ${"x".repeat(1_000 * 2 ** Math.min(n, 10))}`;
        const failure = await app.failure(() => app.add(db, title));
        if (failure) refused.push(failure);
        else kept.push(title);
      }
      return { error: storage.error, loaded: entries({ shapes }).rows, kept, refused };
    });
    assert.deepEqual({ code: error.code, retryable: error.retryable }, { code: "QUOTA", retryable: true });
    for (const failure of refused) assert.deepEqual(refusal(failure), REFUSED, failure.message);
    assert.ok(loaded < ROWS, "not all of it fitted");

    const [titles, outbox, pending, problems] = await page.evaluate(async () => [
      (await db.query("SELECT title FROM todos WHERE title LIKE 'write %'")).map(({ title }) => title),
      JSON.stringify(await db.query("SELECT * FROM _throughline_outbox")),
      (await db.pending()).length,
      (await db.verify()).problems,
    ]);
    assert.deepEqual(titles.sort(), [...kept].sort());
    const there = await times(kept);
    assert.deepEqual(kept.filter((title, n) => there[n] === 0 && !outbox.includes(title)), [], "on the server, or to be read in the outbox");
    assert.ok(pending <= kept.length);
    assert.deepEqual(problems, []);

    await quota();
    const end = await page.evaluate(async () => {
      const status = await app.status(db, (status) => status.pending === 0 && entries(status).phase === "live" && !status.storage.error);
      const [{ n }] = await db.query("SELECT count(*) AS n FROM entries");
      const [{ integrity_check: integrity }] = await db.query("PRAGMA integrity_check");
      return { rows: n, integrity, upload: status.upload.error, problems: (await db.verify()).problems };
    });
    assert.deepEqual(end, { rows: ROWS, integrity: "ok", upload: null, problems: [] });
    assert.deepEqual(await times(kept), kept.map(() => 1));
    const refetches = (await server.shapeRequests()).filter(({ query }) => query.includes("table=entries") && query.includes("offset=-1"));
    assert.equal(refetches.length, 1, "what had fitted was not loaded again");
  });
});

describe("a browser that tells of a full disk by what write() returns", () => {
  for (const [dialect, says] of [["number", "0xFFFFFFF8"], ["short", "fewer bytes than it was given"]]) {
    it(`(${says}) has the same error, and recovers`, async () => {
      const seen = await page.evaluate(async (dialect) => {
        const open = (query) => app.openSynced({ name: dialect, workerUrl: `/fixtures/full-worker.js?${query}` });
        const unopened = await app.failure(() => open(`full=${dialect}`));
        const db = await open("");
        const full = (full) => app.workers.at(-1).postMessage({ full });
        await db.execute("CREATE TABLE bytes (bytes BLOB)");
        const insert = () => db.execute("INSERT INTO bytes VALUES (randomblob(8000000))");
        await app.add(db, `kept with ${dialect}`);
        full(dialect);
        const refused = await app.failure(insert);
        const told = (await db.status()).storage.error;
        const inTransaction = await app.failure(() =>
          db.transaction(async (tx) => {
            await app.add(tx, `never with ${dialect}`);
            await tx.execute("INSERT INTO bytes VALUES (randomblob(40000000))");
          }),
        );
        const titles = (await db.query("SELECT title FROM todos")).map(({ title }) => title);
        full(false);
        await insert();
        await app.add(db, `later with ${dialect}`);
        await app.confirmed(db);
        const [{ integrity_check: integrity }] = await db.query("PRAGMA integrity_check");
        const after = { integrity, problems: (await db.verify()).problems, error: (await db.status()).storage.error };
        await db.close();
        return { unopened, refused, told, inTransaction, titles, after };
      }, dialect);
      for (const failure of [seen.unopened, seen.refused, seen.inTransaction]) assert.deepEqual(refusal(failure ?? {}), REFUSED, failure?.message);
      assert.deepEqual({ code: seen.told?.code, retryable: seen.told?.retryable }, { code: "QUOTA", retryable: true });
      assert.deepEqual(seen.titles.filter((title) => title.endsWith(dialect)), [`kept with ${dialect}`]);
      assert.deepEqual(seen.after, { integrity: "ok", problems: [], error: null });
      const titles = ["kept", "never", "later"].map((when) => `${when} with ${dialect}`);
      assert.deepEqual(await times(titles), [1, 0, 1]);
    });
  }
});
