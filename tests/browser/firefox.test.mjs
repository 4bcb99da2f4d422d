// The promises that matter most, in Firefox: on disk, shared by its tabs, handed over, and there again after a power cut.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import * as firefox from "./support/firefox.mjs";
import { newProfile } from "./support/profile.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const FOLLOWERS = 2;
const WRITES_EACH = 25;
const ROUNDS = 3;
const UNSENT = 20;

setStage({ profile: { browser: firefox } });

/** A tab with the synced database of this name open, and a live query that notes each result. */
async function openTab(name) {
  const page = await openApp(profile, server);
  await page.evaluate(async (name) => {
    globalThis.db = await app.openSynced({ name });
    globalThis.told = [];
    globalThis.ended = (async () => {
      for await (const result of db.live("SELECT id, title FROM todos ORDER BY id", [], { key: "id" })) told.push(result);
    })();
  }, name);
  await page.waitForFunction(() => told.length > 0);
  return page;
}

const close = (pages) => Promise.all(pages.map((page) => page.close()));

const shows = (page, title) => page.waitForFunction((title) => told.at(-1).rows.some((row) => row.title === title), title);

const add = (page, title) => page.evaluate((title) => app.add(db, title), title);

/** Titles that begin with this, in order. */
const titles = (page, start) =>
  page.evaluate(async (start) => {
    const rows = await db.query("SELECT title FROM todos WHERE title LIKE ? ORDER BY title", [`${start}%`]);
    return rows.map(({ title }) => title);
  }, start);

const titlesOnServer = async (start) => (await server.rows()).map(({ title }) => title).filter((title) => title.startsWith(start)).sort();

const sound = async (page) =>
  page.evaluate(async () => {
    const [{ integrity_check: integrity }] = await db.query("PRAGMA integrity_check");
    const { recovered, evicted, error } = (await db.status()).storage;
    return { integrity, problems: (await db.verify()).problems, recovered, evicted, error };
  });

const SOUND = { integrity: "ok", problems: [], recovered: null, evicted: null, error: null };

describe("one tab of Firefox", () => {
  let page;

  it("has its database on OPFS in WAL mode, and syncs", async () => {
    page = await openTab("alone");
    const { storage } = await page.evaluate(() => db.status());
    const { persistence, reason, journalMode, lockingMode, synchronous, error } = storage;
    assert.deepEqual(
      { persistence, reason, journalMode, lockingMode, synchronous, error },
      { persistence: "opfs", reason: null, journalMode: "wal", lockingMode: "exclusive", synchronous: "full", error: null },
    );
    const verdict = await page.evaluate(() => app.add(db, "alone: confirmed").confirmed());
    assert.equal(verdict.state, "confirmed");
    assert.deepEqual(await titlesOnServer("alone: "), ["alone: confirmed"]);
  });

  it("has all of it after a reload, also what was not sent", async () => {
    const before = await page.evaluate(() => db.query("SELECT * FROM todos ORDER BY id"));
    await server.outage({ path: "/changes", status: 503 });
    await add(page, "alone: not sent");
    await page.reload();
    await page.waitForFunction(() => globalThis.app);
    const [rows, pending] = await page.evaluate(async () => {
      globalThis.db = await app.open({ name: "alone", connect: false });
      return [await db.query("SELECT * FROM todos ORDER BY id"), (await db.pending()).length];
    });
    assert.deepEqual(rows.filter(({ title }) => title !== "alone: not sent"), before);
    assert.deepEqual([rows.length, pending], [before.length + 1, 1]);
    await server.clear();
    await page.evaluate(async () => {
      await db.connect();
      await app.confirmed(db);
    });
    assert.deepEqual(await titlesOnServer("alone: "), ["alone: confirmed", "alone: not sent"]);
    assert.deepEqual(await sound(page), SOUND);
    await page.close();
  });
});

describe("two tabs of Firefox", () => {
  it("share one database: each reads, writes, and is told what the other wrote", async () => {
    const [leader, follower] = [await openTab("shared"), await openTab("shared")];
    const held = await follower.evaluate(async () => (await navigator.locks.query()).held.filter(({ name }) => name === "throughline:shared").length);
    assert.equal(held, 1, "one of them leads");
    await add(leader, "shared: by the leader");
    await shows(follower, "shared: by the leader");
    await add(follower, "shared: by the follower");
    await shows(leader, "shared: by the follower");
    const [one, two] = await Promise.all([leader, follower].map((page) => page.evaluate(() => db.query("SELECT id, title FROM todos ORDER BY id"))));
    assert.deepEqual(one, two);
    assert.equal(await follower.evaluate(async () => (await db.status()).storage.persistence), "opfs");
    await follower.evaluate(() => app.confirmed(db));
    assert.deepEqual(await titlesOnServer("shared: "), ["shared: by the follower", "shared: by the leader"]);
    await close([leader, follower]);
  });

  it("take a file out and in, the other one is told the difference", async () => {
    const [leader, follower] = [await openTab("file"), await openTab("file")];
    await add(leader, "file: in it");
    await leader.evaluate(() => app.confirmed(db));
    const bytes = await follower.evaluateHandle(() => db.export());
    assert.equal(await follower.evaluate((bytes) => new TextDecoder().decode(bytes.slice(0, 15)), bytes), "SQLite format 3");
    const copied = await follower.evaluate(async (bytes) => {
      const copy = await app.open({ name: "copy", connect: false });
      await copy.import(bytes);
      const rows = await copy.query("SELECT id, title FROM todos ORDER BY id");
      await copy.close();
      return rows;
    }, bytes);
    assert.deepEqual(copied, await leader.evaluate(() => db.query("SELECT id, title FROM todos ORDER BY id")));

    await leader.evaluate(() => db.disconnect());
    await add(leader, "file: after it");
    await shows(leader, "file: after it");
    await follower.evaluate((bytes) => db.import(bytes), bytes);
    await leader.waitForFunction(() => told.at(-1).changes.deleted.length > 0);
    assert.deepEqual(await leader.evaluate(() => told.at(-1).changes.deleted.map(({ title }) => title)), ["file: after it"]);
    assert.deepEqual(await titles(leader, "file: "), ["file: in it"]);
    await close([leader, follower]);
  });

  it("end together when one of them wipes the database", async () => {
    const [leader, follower] = [await openTab("wiped"), await openTab("wiped")];
    await leader.evaluate(() => db.execute("CREATE TABLE notes (text TEXT)"));
    await follower.evaluate(() => db.wipe());
    const failure = await leader.evaluate(() => ended.then(() => app.failure(() => db.query("SELECT 1"))));
    assert.equal(failure?.code, "CLOSED");
    const left = await leader.evaluate(async () => {
      const again = await app.open({ name: "wiped", connect: false });
      const tables = await again.query("SELECT name FROM sqlite_schema WHERE name IN ('notes', 'todos')");
      await again.close();
      return tables;
    });
    assert.deepEqual(left, []);
    await close([leader, follower]);
  });
});

describe("a leader in Firefox that", () => {
  let leader;
  const followers = [];

  before(async () => {
    leader = await openTab("led");
    for (let n = 0; n < FOLLOWERS; n++) followers.push(await openTab("led"));
  });

  after(() => close([leader, ...followers]));

  /** The oldest follower leads now; a new one comes. */
  async function replaceLeader() {
    await leader.close();
    leader = followers.shift();
    followers.push(await openTab("led"));
  }

  /** Begins writes in every follower that all wait behind a transaction of the leader. */
  async function beginWrites(round) {
    await leader.evaluate(async () => {
      await new Promise((begun) => {
        const work = async (tx) => {
          await tx.execute("UPDATE todos SET title = 'never'");
          begun();
          await new Promise(() => {});
        };
        db.transaction(work).catch(() => {});
      });
    });
    const begin = ([start, count]) => {
      globalThis.first = undefined;
      globalThis.done = Promise.all(Array.from({ length: count }, (_, n) => app.add(db, start + n).then(() => (first ??= Date.now()))));
    };
    await Promise.all(followers.map((page, n) => page.evaluate(begin, [`${round} tab ${n} write `, WRITES_EACH])));
    const soFar = await Promise.all(followers.map((page) => page.evaluate(() => first)));
    assert.deepEqual(soFar, followers.map(() => undefined), "all of them are in flight");
  }

  /** Waits for the followers' writes; how long each of them had to wait for its first one since then. */
  const writesDone = (since) => Promise.all(followers.map((page) => page.evaluate((since) => done.then(() => first - since), since)));

  async function exactlyOnce(round) {
    const wanted = followers.flatMap((_, n) => Array.from({ length: WRITES_EACH }, (_, index) => `${round} tab ${n} write ${index}`)).sort();
    for (const page of followers) {
      assert.deepEqual(await titles(page, round), wanted);
      assert.deepEqual(await titles(page, "never"), []);
    }
    await followers[0].evaluate(() => app.confirmed(db));
    assert.deepEqual(await titlesOnServer(round), wanted);
    assert.deepEqual(await sound(followers[0]), SOUND);
  }

  const ways = {
    "is closed": () => leader.close(),
    "navigates away": () => leader.goto("about:blank"),
  };
  for (const [way, go] of Object.entries(ways)) {
    it(`${way} with ${FOLLOWERS * WRITES_EACH} writes in flight loses none and doubles none`, async (test) => {
      const gaps = [];
      for (let round = 1; round <= ROUNDS; round++) {
        await beginWrites(`${way}, round ${round}`);
        const since = Date.now();
        await go();
        gaps.push(...(await writesDone(since)));
        await exactlyOnce(`${way}, round ${round}`);
        await replaceLeader();
      }
      gaps.sort((a, b) => a - b);
      test.diagnostic(`Firefox, a leader that ${way}: a follower's write waits ${gaps[gaps.length >> 1]} ms (median), ${gaps.at(-1)} ms (worst of ${gaps.length})`);
    });
  }

  it("is closed ends a follower's interactive transaction with LEADER_CHANGED; tried again, it runs", async () => {
    const page = followers[0];
    await page.evaluate(async () => {
      const insert = (tx) => tx.execute("INSERT INTO todos (id, title, completed) VALUES (?, 'interrupted', ?)", [crypto.randomUUID(), false]);
      globalThis.twice = (wait) => async (tx) => {
        await insert(tx);
        await wait?.();
        await insert(tx);
      };
      await new Promise((begun) => {
        const gone = new Promise((resolve) => (globalThis.goOn = resolve));
        globalThis.failure = app.failure(() => db.transaction(twice(() => (begun(), gone))));
      });
    });
    await leader.close();
    await page.evaluate(() => db.query("SELECT 1"));
    const failure = await page.evaluate(() => (goOn(), globalThis.failure));
    assert.deepEqual({ code: failure?.code, retryable: failure?.retryable }, { code: "LEADER_CHANGED", retryable: true });
    await page.evaluate(() => db.transaction(twice()));
    assert.equal((await titles(page, "interrupted")).length, 2);
    await replaceLeader();
  });
});

describe("a Firefox that is killed", () => {
  it("has lost nothing that was resolved, in either tab, and uploads it exactly once", async () => {
    await server.outage({ path: "/changes", status: 503 });
    const tabs = [await openTab("killed"), await openTab("killed")];
    const written = tabs.flatMap((_, n) => Array.from({ length: UNSENT }, (_, index) => `killed: tab ${n} write ${index}`)).sort();
    const write = ([start, count]) => Promise.all(Array.from({ length: count }, (_, index) => app.add(db, start + index)));
    await Promise.all(tabs.map((page, n) => page.evaluate(write, [`killed: tab ${n} write `, UNSENT])));
    await profile.kill();

    await profile.start();
    const page = await openApp(profile, server);
    await page.evaluate(async () => void (globalThis.db = await app.open({ name: "killed", connect: false })));
    assert.deepEqual(await titles(page, "killed: "), written);
    assert.equal(await page.evaluate(async () => (await db.pending()).length), written.length);
    assert.deepEqual(await sound(page), SOUND);
    assert.deepEqual(await titlesOnServer("killed: "), [], "nothing was uploaded so far");

    await server.clear();
    await page.evaluate(async () => {
      await db.connect();
      await app.confirmed(db);
    });
    assert.deepEqual(await titlesOnServer("killed: "), written);
    await page.close();
  });
});

describe("a private window of Firefox", () => {
  it("has its database in memory, and says why", async () => {
    const secret = await newProfile({ browser: firefox, preferences: { "browser.privatebrowsing.autostart": true } });
    const page = await openApp(secret, server);
    const [storage, rows, refused] = await page.evaluate(async () => {
      const db = await app.openSynced();
      const rows = await db.query("SELECT * FROM todos");
      const refused = await app.failure(() => app.openSynced({ name: "insists", storage: "opfs" }));
      return [(await db.status()).storage, rows.length, refused];
    });
    assert.equal(storage.persistence, "memory");
    assert.match(storage.reason, /no OPFS here.*SecurityError/);
    assert.equal(rows, (await server.rows()).length);
    assert.equal(refused?.code, "STORAGE");
    await secret.dispose();
  });
});
