// Opening and closing at awkward moments: nothing hangs, and the next one can open.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage();

beforeEach(async () => {
  page = await openApp(profile, server);
});

afterEach(async () => {
  await page.close();
});

/** Opens once more and writes; whatever was before, this must work. */
const opensAgain = () =>
  page.evaluate(async () => {
    const db = await app.openAlone();
    const { rowsAffected } = await app.add(db, "again");
    await db.close();
    return rowsAffected;
  });

describe("opening", () => {
  it("twice in one page gives two that share the database", async () => {
    const titles = await page.evaluate(async () => {
      const [first, second] = await Promise.all([app.openAlone(), app.openAlone()]);
      await app.add(second, "shared");
      const rows = await first.query("SELECT title FROM todos");
      await first.close();
      await app.add(second, "after the first was closed");
      rows.push(...(await second.query("SELECT title FROM todos WHERE title LIKE 'after%'")));
      await second.execute("DELETE FROM todos");
      await second.close();
      return rows.map(({ title }) => title);
    });
    assert.deepEqual(titles, ["shared", "after the first was closed"]);
    assert.equal(await opensAgain(), 1);
  });

  it("can be given up by a signal, before and while it happens", async () => {
    const reasons = await page.evaluate(async () => {
      const { open } = await import("/pkg/index.js");
      const options = { name: "alone", tables: {} };
      const before = await open(options, { signal: AbortSignal.abort(new Error("never mind")) }).catch((error) => error.message);
      const controller = new AbortController();
      const opening = open(options, { signal: controller.signal }).catch((error) => error.message);
      controller.abort(new Error("changed my mind"));
      return [before, await opening];
    });
    assert.deepEqual(reasons, ["never mind", "changed my mind"]);
    // The browser ends the worker in its own time.
    await page.waitForFunction(async () => (await app.failure(async () => (await app.openAlone()).close())) === null);
  });
});

describe("closing", () => {
  it("waits for a transaction that is open", async () => {
    const [closed, rows] = await page.evaluate(async () => {
      const db = await app.openAlone({ name: "closed" });
      let closing;
      await db.transaction(async (tx) => {
        await app.add(tx, "before close");
        closing = db.close();
        await app.add(tx, "after close was called");
      });
      await closing;
      const closed = await app.failure(() => db.query("SELECT 1"));
      const again = await app.openAlone({ name: "closed" });
      const rows = await again.query("SELECT title FROM todos ORDER BY title DESC");
      await again.close();
      return [closed.code, rows.map(({ title }) => title)];
    });
    assert.equal(closed, "CLOSED");
    assert.deepEqual(rows, ["before close", "after close was called"]);
  });

  it("answers what was asked before it", async () => {
    const answers = await page.evaluate(async () => {
      const db = await app.openAlone({ name: "asked" });
      const asked = [app.add(db, "one"), app.add(db, "two"), db.query("SELECT count(*) AS n FROM todos")];
      await db.close();
      await db.close();
      return (await Promise.allSettled(asked)).map(({ status }) => status);
    });
    assert.deepEqual(answers, ["fulfilled", "fulfilled", "fulfilled"]);
  });

  it("by wiping while sync runs leaves an empty database that syncs anew", async () => {
    const count = await page.evaluate(async () => {
      const first = await app.openSynced({ name: "wiped" });
      await first.disconnect();
      await app.add(first, "not sent, and not wanted any more");
      await first.connect();
      await first.wipe();
      const second = await app.openSynced({ name: "wiped" });
      const [{ n }] = await second.query("SELECT count(*) AS n FROM todos_synced");
      await second.close();
      return n;
    });
    assert.ok(count >= 5);
  });
});

describe("a page", () => {
  it("that crashes lets the next one open", async () => {
    await page.evaluate(async () => void (globalThis.db = await app.openAlone({ name: "crashed" })));
    await page.evaluate(() => app.add(db, "before the crash"));
    const devtools = await profile.context.newCDPSession(page);
    const crashed = page.waitForEvent("crash");
    devtools.send("Page.crash").catch(() => {});
    await crashed;
    await page.close();
    page = await openApp(profile, server);
    await page.waitForFunction(async () => (await app.failure(async () => (globalThis.db = await app.openAlone({ name: "crashed" })))) === null);
    assert.deepEqual(await page.evaluate(() => db.query("SELECT title FROM todos")), [{ title: "before the crash" }]);
  });

  it("that one leaves and comes back to opens its database again", async () => {
    const query = async () => (await app.openAlone({ name: "history" })).query("SELECT count(*) AS n FROM todos");
    await page.evaluate(async () => app.add((globalThis.db = await app.openAlone({ name: "history" })), "kept"));
    await page.goto(`${server.origin}/v1/health`);
    await page.goBack();
    // From the back-forward cache with its database, or loaded anew without one.
    await page.waitForFunction(() => globalThis.app);
    const rows = (await page.evaluate(() => globalThis.db !== undefined))
      ? await page.evaluate(() => db.query("SELECT count(*) AS n FROM todos"))
      : await page.evaluate(query);
    assert.deepEqual(rows, [{ n: 1 }]);
  });
});
