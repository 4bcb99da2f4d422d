// The tab that has the database goes, however it goes: the others carry on, and every write of theirs happens exactly once.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";
import { until } from "./support/until.mjs";

const FOLLOWERS = 4;
const WRITES_EACH = 25;
const ROUNDS = 5;

/** A hidden page draws nothing, so it cannot be asked at each frame. */
const POLL = { polling: 25 };

let leader;
const followers = [];

setStage({ profile: { asUsed: true } }, async () => {
  leader = await openTab();
  for (let n = 0; n < FOLLOWERS; n++) followers.push(await openTab());
});

/** A tab with the database open, and a live query that notes each result. */
async function openTab() {
  const page = await openApp(profile, server);
  await page.evaluate(async () => {
    globalThis.db = await app.openSynced();
    globalThis.told = [];
    db.live("SELECT id, title FROM todos ORDER BY id", [], { key: "id" }).subscribe(({ rows, changes }) => told.push({ rows, changes }));
  });
  await page.waitForFunction(() => told.length > 0, null, POLL);
  return page;
}

/** Begins writes in every follower that all wait behind a transaction of the leader. */
async function beginWrites(round) {
  await leader.evaluate(async () => {
    await new Promise((begun) => {
      db.transaction(async (tx) => {
        await tx.execute("UPDATE todos SET title = 'never' WHERE completed");
        begun();
        await new Promise((_, reject) => (globalThis.giveUp = reject));
      }).catch(() => {});
    });
  });
  await Promise.all(
    followers.map((page, n) =>
      page.evaluate(
        ([round, n, count]) => {
          const titles = Array.from({ length: count }, (_, index) => `round ${round} tab ${n} write ${index}`);
          globalThis.first = undefined;
          globalThis.done = Promise.all(
            titles.map(async (title) => {
              await app.add(db, title);
              first ??= Date.now();
            }),
          );
        },
        [round, n, WRITES_EACH],
      ),
    ),
  );
  const pending = await Promise.all(followers.map((page) => page.evaluate(() => first)));
  assert.deepEqual(pending, followers.map(() => undefined), "all of them are in flight");
}

/** Waits for the followers' writes; how long each of them had to wait for its first one since then. */
async function writesDone(since) {
  return Promise.all(
    followers.map(async (page) => {
      await page.evaluate(() => done);
      return (await page.evaluate(() => first)) - since;
    }),
  );
}

/** Each write of a round is there once, on all tabs and on the server; nothing of the transaction is. */
async function exactlyOnce(round) {
  const wanted = Array.from({ length: FOLLOWERS }, (_, n) =>
    Array.from({ length: WRITES_EACH }, (_, index) => `round ${round} tab ${n} write ${index}`),
  )
    .flat()
    .sort();
  const pages = followers.filter((page) => !page.isClosed());
  for (const page of pages) {
    const titles = await page.evaluate((like) => db.query("SELECT title FROM todos WHERE title LIKE ?", [like]), `round ${round} %`);
    assert.deepEqual(titles.map(({ title }) => title).sort(), wanted);
    assert.equal((await page.evaluate(() => db.query("SELECT 1 FROM todos WHERE title = 'never'"))).length, 0);
  }
  await pages[0].evaluate(() => app.confirmed(db));
  const there = (await server.rows()).map(({ title }) => title).filter((title) => title.startsWith(`round ${round} `));
  assert.deepEqual(there.sort(), wanted);
  assert.deepEqual((await pages[0].evaluate(() => db.verify())).problems, []);
}

/** The oldest follower leads now; a new one comes. */
async function replaceLeader() {
  leader = followers.shift();
  followers.push(await openTab());
}

const ways = {
  "is closed": () => leader.close(),
  crashes: () => profile.crash(leader),
  "navigates away": () => leader.goto("about:blank"),
  "closes its database": () => leader.evaluate(() => (giveUp(), void db.close())),
  "is frozen": () => profile.freeze(leader),
};

describe("a leader that", () => {
  let round = 0;
  for (const [way, go] of Object.entries(ways)) {
    it(`${way} with ${FOLLOWERS * WRITES_EACH} writes in flight loses none and doubles none`, async (test) => {
      const gaps = [];
      for (let again = 0; again < ROUNDS; again++) {
        round++;
        await beginWrites(round);
        const since = Date.now();
        await go();
        gaps.push(...(await writesDone(since)));
        await exactlyOnce(round);
        const gone = leader;
        await replaceLeader();
        if (!gone.isClosed()) await gone.close();
      }
      gaps.sort((a, b) => a - b);
      test.diagnostic(`a leader that ${way}: a follower's write waits ${gaps[gaps.length >> 1]} ms (median), ${gaps.at(-1)} ms (worst of ${gaps.length})`);
    });
  }
});

describe("a follower's", () => {
  it("live query goes on with one result, its unchanged rows the same objects", async () => {
    const page = followers[0];
    await page.evaluate(async () => {
      await app.confirmed(db);
      globalThis.before = told.at(-1);
      globalThis.count = told.length;
    });
    await leader.close();
    await page.evaluate(() => app.add(db, "after the hand-over"));
    await page.waitForFunction(() => told.at(-1).rows.some(({ title }) => title === "after the hand-over"), null, POLL);
    const [results, kept, inserted] = await page.evaluate(() => {
      const last = told.at(-1);
      const old = new Set(before.rows);
      return [told.length - count, last.rows.filter((row) => old.has(row)).length - before.rows.length, last.changes.inserted.length];
    });
    assert.deepEqual([results, kept, inserted], [1, 0, 1]);
    await replaceLeader();
  });

  it("interactive transaction fails with LEADER_CHANGED, and runs when tried again", async () => {
    const page = followers[0];
    await page.evaluate(() => {
      const work = (wait) => async (tx) => {
        await tx.execute("INSERT INTO todos (id, title) VALUES (?, 'interrupted')", [crypto.randomUUID()]);
        await wait;
        await tx.execute("INSERT INTO todos (id, title) VALUES (?, 'interrupted')", [crypto.randomUUID()]);
      };
      const gone = new Promise((resolve) => (globalThis.goOn = resolve));
      globalThis.inside = new Promise((begun) => {
        globalThis.failure = app.failure(() => db.transaction(async (tx) => (await work(Promise.resolve(begun()).then(() => gone))(tx))));
      });
      globalThis.again = () => db.transaction(work());
    });
    await page.evaluate(() => inside);
    await leader.close();
    await page.evaluate(() => db.query("SELECT 1"));
    const failure = await page.evaluate(() => (goOn(), failure));
    assert.deepEqual({ code: failure?.code, retryable: failure?.retryable }, { code: "LEADER_CHANGED", retryable: true });
    await page.evaluate(() => again());
    const [{ n }] = await page.evaluate(() => db.query("SELECT count(*) AS n FROM todos WHERE title = 'interrupted'"));
    assert.equal(n, 2);
    await replaceLeader();
  });

  it("wait for a verdict ends with it", async () => {
    const page = followers[0];
    await server.outage({ path: "/changes", status: 503 });
    await page.evaluate(() => {
      globalThis.verdict = app.add(db, "confirmed elsewhere").confirmed();
    });
    await leader.close();
    await page.evaluate(() => db.query("SELECT 1"));
    await server.clear();
    await page.evaluate(() => db.connect());
    assert.equal((await page.evaluate(() => verdict)).state, "confirmed");
    await replaceLeader();
  });

  it("disconnect() holds for whoever leads next", async () => {
    const page = followers[0];
    await page.evaluate(() => db.disconnect());
    await leader.close();
    assert.equal((await page.evaluate(() => db.status())).connected, false);
    await page.evaluate(() => db.connect());
    await until("it syncs again", () => page.evaluate(async () => (await db.status()).shapes[0].phase === "live"));
    await replaceLeader();
  });
});

describe("a frozen tab", () => {
  it("carries on when it is shown again", async () => {
    const gone = leader;
    await gone.evaluate(() => {
      globalThis.answers = [];
    });
    await profile.freeze(gone);
    await followers[0].evaluate(() => app.add(db, "while it was frozen"));
    await profile.freeze(gone, "active");
    const found = await gone.evaluate(async () => {
      const rows = await db.query("SELECT title FROM todos WHERE title = 'while it was frozen'");
      await app.add(db, "thawed");
      return rows.length;
    });
    assert.equal(found, 1);
    await gone.waitForFunction(() => told.at(-1).rows.some(({ title }) => title === "thawed"), null, POLL);
    await gone.close();
    leader = followers[0];
  });
});
