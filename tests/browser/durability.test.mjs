// What `execute` resolved with is there after a power cut, and reaches the server exactly once.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const WRITES = 20;
const NONE = { path: "/changes", status: 503 };

setStage();

afterEach(async () => {
  await server.clear();
});

/** How often each of these titles is on the server. */
async function times(titles) {
  const rows = await server.rows();
  return titles.map((wanted) => rows.filter(({ title }) => title === wanted).length);
}

/** What `app.beginSpilling` had committed before it began its transaction. */
const AS_BEFORE = { integrity: "ok", bytes: [{ id: 1, size: 10 }], todos: [], pending: [], problems: [] };

/** Opens the database again and looks around; runs in the page. */
async function found(name) {
  const db = await app.openAlone({ name });
  const [{ integrity_check: integrity }] = await db.query("PRAGMA integrity_check");
  const state = {
    integrity,
    bytes: await db.query("SELECT id, length(bytes) AS size FROM bytes"),
    todos: await db.query("SELECT * FROM todos"),
    pending: await db.pending(),
    problems: (await db.verify()).problems,
  };
  await db.close();
  return state;
}

describe("a browser that is killed", () => {
  const titles = Array.from({ length: WRITES }, (_, index) => `survivor ${index}`);

  it("has lost nothing that was resolved, and uploads it exactly once", async () => {
    await server.outage(NONE);
    let page = await openApp(profile, server);
    await page.evaluate(async (titles) => {
      const db = await app.openSynced();
      await Promise.all(titles.map((title) => app.add(db, title)));
    }, titles);
    await profile.kill();

    await profile.start();
    page = await openApp(profile, server);
    const [rows, pending, problems] = await page.evaluate(async () => {
      globalThis.db = await app.open();
      const rows = await db.query("SELECT title FROM todos WHERE title LIKE 'survivor %'");
      return [rows.map(({ title }) => title), await db.pending(), (await db.verify()).problems];
    });
    assert.deepEqual(rows.sort(), [...titles].sort());
    assert.equal(pending.length, WRITES);
    assert.deepEqual(problems, []);
    assert.deepEqual(await times(titles), titles.map(() => 0), "nothing was uploaded so far");

    await server.clear();
    // Tells the database to look at once instead of waiting for its next try.
    await page.evaluate(async () => {
      await db.disconnect();
      await db.connect();
      await app.confirmed(db);
    });
    assert.deepEqual(await times(titles), titles.map(() => 1));
    await page.close();
  });

  it("in the middle of a transaction shows nothing of it", async () => {
    let page = await openApp(profile, server);
    await page.evaluate(() => app.beginSpilling("killed"));
    await profile.kill();

    await profile.start();
    page = await openApp(profile, server);
    assert.deepEqual(await page.evaluate(found, "killed"), AS_BEFORE);
    await page.close();
  });
});

describe("a worker that is terminated", () => {
  it("in the middle of a transaction shows nothing of it, and the page can open the database again", async () => {
    const page = await openApp(profile, server);
    await page.evaluate(async () => {
      await app.beginSpilling("terminated");
      app.workers.at(-1).terminate();
    });
    assert.deepEqual(await page.evaluate(found, "terminated"), AS_BEFORE);
    await page.close();
  });
});

describe("a relaxed database", () => {
  it("has what was resolved when its worker is terminated, after transactions larger than the page cache, kept or not", async () => {
    const page = await openApp(profile, server);
    const written = await page.evaluate(async () => {
      const db = await app.openAlone({ name: "relaxed", durability: "relaxed" });
      await db.execute("CREATE TABLE parts (id INTEGER PRIMARY KEY, round INTEGER, bytes BLOB)");
      const fill = async (tx, round) => {
        for (let part = 0; part < 8; part++) await tx.execute("INSERT OR REPLACE INTO parts VALUES (?, ?, randomblob(1000000))", [part, round]);
        // Pages that are in the log already.
        for (let part = 0; part < 8; part++) await tx.execute("UPDATE parts SET round = round + 1 WHERE id = ?", [part]);
      };
      await db.transaction((tx) => fill(tx, 0));
      await app.add(db, "between");
      const changedMind = db.transaction(async (tx) => {
        await fill(tx, 100);
        throw new Error("changed my mind");
      });
      await changedMind.catch(() => {});
      await app.add(db, "after the roll-back");
      await db.transaction((tx) => fill(tx, 10));
      await app.add(db, "last");
      app.workers.at(-1).terminate();
      const again = await app.openAlone({ name: "relaxed", durability: "relaxed" });
      const [{ integrity_check: integrity }] = await again.query("PRAGMA integrity_check");
      const [parts] = await again.query("SELECT count(*) AS n, min(round) AS least, max(round) AS most, sum(length(bytes)) AS bytes FROM parts");
      const todos = await again.query("SELECT title FROM todos ORDER BY created_at");
      const problems = (await again.verify()).problems;
      await again.close();
      return { integrity, parts, titles: todos.map(({ title }) => title).sort(), problems };
    });
    assert.deepEqual(written, {
      integrity: "ok",
      parts: { n: 8, least: 11, most: 11, bytes: 8_000_000 },
      titles: ["after the roll-back", "between", "last"],
      problems: [],
    });
    await page.close();
  });
});

describe("an answer that is lost", () => {
  it("after the server applied the POST leads to a second POST, and to one row", async () => {
    const page = await openApp(profile, server);
    await server.outage({ path: "/changes", status: 503, count: 1, after: true });
    const posted = (await server.posts()).length;
    await page.evaluate(async () => {
      const db = await app.openSynced({ name: "lost" });
      await app.add(db, "applied once");
      await app.confirmed(db);
    });
    assert.deepEqual(await times(["applied once"]), [1]);
    assert.deepEqual((await server.posts()).slice(posted).map(({ status }) => status), [503, 200]);
    await page.close();
  });
});
