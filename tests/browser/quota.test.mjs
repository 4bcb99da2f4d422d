// The device runs out of space: the write is refused as such, and everything else goes on.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

/** Room to open in: Chromium sets a megabyte aside for each file of the pool. */
const QUOTA_BYTES = 16_000_000;

let server;
let profile;
let page;
let quota;

before(async () => {
  server = await startServer();
  profile = await newProfile();
  page = await openApp(profile, server);
  const devtools = await profile.context.newCDPSession(page);
  quota = (bytes) => devtools.send("Storage.overrideQuotaForOrigin", { origin: server.origin, ...(bytes && { quotaSize: bytes }) });
});

after(async () => {
  await profile?.dispose();
  await server?.dispose();
});

describe("a device without space", () => {
  it("refuses a write that does not fit, keeps what it has, and takes it once there is space", async () => {
    await quota(QUOTA_BYTES);
    const [failure, titles, problems] = await page.evaluate(async (bytes) => {
      globalThis.db = await app.openSynced();
      await db.execute("CREATE TABLE bytes (bytes BLOB)");
      await app.add(db, "small enough");
      const failure = await app.failure(() => db.execute("INSERT INTO bytes VALUES (randomblob(?))", [bytes]));
      const rows = await db.query("SELECT title FROM todos");
      return [failure, rows.map(({ title }) => title), (await db.verify()).problems];
    }, QUOTA_BYTES);
    assert.deepEqual({ code: failure?.code, retryable: failure?.retryable }, { code: "QUOTA", retryable: true }, failure?.message);
    assert.equal(titles.length, 6);
    assert.deepEqual(problems, []);

    await quota();
    const rows = await page.evaluate(async (bytes) => {
      await db.execute("INSERT INTO bytes VALUES (randomblob(?))", [bytes]);
      await app.confirmed(db);
      return db.query("SELECT length(bytes) AS size FROM bytes");
    }, QUOTA_BYTES);
    assert.deepEqual(rows, [{ size: QUOTA_BYTES }]);
    assert.ok((await server.rows()).some(({ title }) => title === "small enough"));
  });
});
