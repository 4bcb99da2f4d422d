// Several tabs, one database: everything works the same in each. How they take over from each other: takeover.test.mjs.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { Demo } from "./support/demo.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const RELOADS = 5;

setStage();

describe("a second tab", () => {
  let first;
  let second;

  before(async () => {
    first = await openApp(profile, server);
    second = await openApp(profile, server);
    for (const tab of [first, second]) {
      await tab.evaluate(async () => {
        globalThis.db = await app.openSynced();
        globalThis.events = [];
        for (const name of ["accepted", "confirmed", "rejected"]) db.on(name, ({ number }) => events.push(`${name} ${number}`));
      });
    }
  });

  after(async () => {
    await first.close();
    await second.close();
  });

  it("reads and writes what the first one does, and neither sees the other's open transaction", async () => {
    const inside = await second.evaluate(async () => {
      let seen;
      await db.transaction(async (tx) => {
        await tx.execute("INSERT INTO todos (id, title) VALUES (?, 'by the second')", [crypto.randomUUID()]);
        [{ n: seen }] = await tx.query("SELECT count(*) AS n FROM todos");
      });
      return seen;
    });
    assert.equal(inside, 6);
    assert.equal((await first.evaluate(() => db.query("SELECT * FROM todos"))).length, 6);
    const thrown = await second.evaluate(() =>
      app.failure(() =>
        db.transaction(async (tx) => {
          await tx.execute("DELETE FROM todos");
          throw new Error("changed my mind");
        }),
      ),
    );
    assert.equal(thrown.message, "changed my mind");
    assert.equal((await first.evaluate(() => db.query("SELECT * FROM todos"))).length, 6);
  });

  it("hears of each change in its live queries, whoever made it", async () => {
    await second.evaluate(() => {
      globalThis.results = [];
      db.live("SELECT id, title FROM todos ORDER BY title", [], { key: "id" }).subscribe((result) => results.push(result));
    });
    await second.waitForFunction(() => results.length === 1);
    await first.evaluate(() => app.add(db, "by the first"));
    await second.waitForFunction(() => results.length === 2);
    await server.asOtherUser(newTodo("by the server"));
    await second.waitForFunction(() => results.at(-1).rows.some(({ title }) => title === "by the server"));
    const kept = await second.evaluate(() => results[1].rows.every((row) => results[2].rows.includes(row)));
    assert.ok(kept, "rows that did not change are the same objects");
  });

  it("knows the outbox, deals with rejections and hears of verdicts as the first one does", async () => {
    await second.evaluate(() => app.confirmed(db));
    await Promise.all([first, second].map((tab) => tab.evaluate(() => void (events.length = 0))));
    const failure = await second.evaluate(async () => {
      const write = db.execute("INSERT INTO todos (id, title) VALUES (?, '')", [crypto.randomUUID()]);
      return app.failure(() => write.confirmed());
    });
    assert.equal(failure.code, "EMPTY_TITLE");
    const [refused] = await first.evaluate(() => db.rejected());
    await second.evaluate(async ({ number, changes }) => {
      changes[0].value.title = "put right";
      await db.edit(number, changes).confirmed();
    }, refused);
    assert.deepEqual(await first.evaluate(() => db.rejected()), []);
    assert.ok((await server.rows()).some(({ title }) => title === "put right"));
    const [mine, theirs] = await Promise.all([first, second].map((tab) => tab.evaluate(() => events)));
    assert.deepEqual(mine.map((event) => event.split(" ")[0]), ["rejected", "accepted", "confirmed"]);
    assert.deepEqual(theirs, mine);
  });

  it("gets errors as Error objects with code and retryable", async () => {
    const failures = await second.evaluate(async () => [
      await app.failure(() => db.query("SELECT * FROM nothing_such")),
      await app.failure(() => db.execute("INSERT INTO todos_synced (id) VALUES ('x')")),
      await app.failure(() => db.retry(12345)),
      await app.failure(() => db.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", [], { timeout: 50 })),
    ]);
    assert.deepEqual(failures.map(({ isError, code, retryable }) => [isError, code, retryable]), [
      [true, "SQL", false],
      [true, "FORBIDDEN", false],
      [true, "ARGUMENT", false],
      [true, "TIMEOUT", false],
    ]);
  });

  it("may open it with other options, as an updated app does: then it leads, and the first one goes on", async () => {
    const third = await openApp(profile, server);
    await third.evaluate(async () => {
      globalThis.db = await app.openSynced({ tables: { todos: { indexes: ["created_at", "title"] } } });
    });
    const indexes = (tab) => tab.evaluate(async () => (await db.query("SELECT name FROM sqlite_schema WHERE type = 'index' AND tbl_name = 'todos_synced'")).length);
    const [before, now] = [2, await indexes(third)];
    assert.equal(now, before + 1);
    assert.equal(await indexes(first), now);
    await first.evaluate(() => app.add(db, "under the new options"));
    assert.ok((await third.evaluate(() => db.query("SELECT 1 FROM todos WHERE title = 'under the new options'"))).length);
    await third.close();
    assert.ok((await second.evaluate(() => db.query("SELECT 1 FROM todos WHERE title = 'under the new options'"))).length);
  });

  it("is not alone with its reads when one tab runs a heavy query: the query ends at its limit", async () => {
    const heavy = first.evaluate(() =>
      app.failure(() => db.query("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT max(i) FROM n", [], { timeout: 1000 })),
    );
    const rows = await second.evaluate(() => db.query("SELECT 1 AS one"));
    assert.deepEqual(rows, [{ one: 1 }]);
    assert.equal((await heavy).code, "TIMEOUT");
  });

  it("may open a database of another name", async () => {
    const [first, second] = [await openApp(profile, server), await openApp(profile, server)];
    await first.evaluate(async () => void (globalThis.db = await app.openSynced({ name: "one" })));
    const rows = await second.evaluate(async () => (await app.openSynced({ name: "two" })).query("SELECT * FROM todos"));
    assert.equal(rows.length, (await server.rows()).length);
    await Promise.all([first.close(), second.close()]);
  });

  it("of the demo shows the same items, and goes on when the first one closes", async () => {
    const demo = await Demo.open(profile, server);
    await demo.settled();
    const other = await Demo.open(profile, server);
    await demo.add("Written in the first tab");
    await other.shows("Written in the first tab", "confirmed");
    await demo.page.close();
    await other.add("Written in the second tab");
    await other.shows("Written in the second tab", "confirmed");
    await other.page.close();
  });
});

describe("the only tab", () => {
  it("opens its database again after each of several quick reloads", async () => {
    const page = await openApp(profile, server);
    for (let reload = 0; reload < RELOADS; reload++) {
      const title = `before reload ${reload}`;
      const failure = await page.evaluate(
        (title) =>
          app.failure(async () => {
            globalThis.db = await app.open({ name: "reloads" });
            await app.status(db, ({ shapes }) => shapes[0].phase === "live");
            await app.add(db, title);
          }),
        title,
      );
      assert.equal(failure, null, `reload ${reload}: ${failure?.code} ${failure?.message}`);
      await page.reload();
      await page.waitForFunction(() => globalThis.app);
    }
    const rows = await page.evaluate(async () => {
      const db = await app.open({ name: "reloads" });
      return db.query("SELECT title FROM todos WHERE title LIKE 'before reload%' ORDER BY title");
    });
    assert.deepEqual(rows.map(({ title }) => title), Array.from({ length: RELOADS }, (_, reload) => `before reload ${reload}`));
  });
});
