// Databases as files: out, in, by name, deleted in every tab at once, and rebuilt when they are broken or gone.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;
let other;

setStage({}, async () => {
  page = await openApp(profile, server);
  other = await openApp(profile, server);
});

const titles = (tab) => tab.evaluate(async () => (await db.query("SELECT title FROM todos ORDER BY title")).map(({ title }) => title));

/** Opens the database in both tabs, the first one leads. */
async function openBoth(options) {
  for (const tab of [page, other]) {
    await tab.evaluate(async (options) => {
      globalThis.db = await app.openAlone(options);
      globalThis.told = [];
      globalThis.ended = new Promise((resolve) => {
        db.live("SELECT id, title FROM todos ORDER BY id", [], { key: "id" }).subscribe((result) => told.push(result), resolve);
      });
    }, options);
  }
}

describe("export()", () => {
  for (const [role, tab] of Object.entries({ leader: () => page, follower: () => other })) {
    it(`gives a standard SQLite file with everything in it (${role})`, async () => {
      await openBoth({ name: `exported by the ${role}` });
      await page.evaluate(() => app.add(db, "exported"));
      const [head, found] = await tab().evaluate(async (name) => {
        const bytes = await db.export();
        const copy = await app.openAlone({ name });
        await copy.import(bytes);
        const found = await copy.query("SELECT title FROM todos");
        await copy.close();
        return [new TextDecoder().decode(bytes.slice(0, 15)), found];
      }, `a copy by the ${role}`);
      assert.equal(head, "SQLite format 3");
      assert.deepEqual(found, [{ title: "exported" }]);
      for (const tab of [page, other]) await tab.evaluate(() => db.close());
    });
  }

  it("works in memory, too", async () => {
    const size = await page.evaluate(async () => {
      const db = await app.openAlone({ storage: "memory" });
      await app.add(db, "in memory");
      const bytes = await db.export();
      await db.close();
      return bytes.length;
    });
    assert.equal(size % 16384, 0);
  });
});

describe("import()", () => {
  it("replaces the database in every tab: live queries tell one difference, later writes go on", async () => {
    await openBoth({ name: "imported" });
    await page.evaluate(() => app.add(db, "kept in the file"));
    const bytes = await page.evaluateHandle(() => db.export());
    await page.evaluate(() => app.add(db, "written after"));
    await other.waitForFunction(() => told.at(-1).rows.length === 2);
    const before = await other.evaluate(() => told.length);
    await page.evaluate((bytes) => db.import(bytes), bytes);
    assert.deepEqual(await titles(page), ["kept in the file"]);
    await other.waitForFunction(() => told.at(-1).rows.length === 1);
    const [told, kept] = await other.evaluate((before) => [globalThis.told.length - before, globalThis.told.at(-1).changes], before);
    assert.equal(told, 1);
    assert.deepEqual([kept.inserted.length, kept.updated.length, kept.deleted.map(({ title }) => title)], [0, 0, ["written after"]]);
    await other.evaluate(() => app.add(db, "and on"));
    assert.deepEqual(await titles(page), ["and on", "kept in the file"]);
    const ids = await page.evaluate(async () => (await db.pending()).map(({ number }) => number));
    assert.ok(ids[1] - ids[0] > 2 ** 20, "a number that was given before the import is never given again");
  });

  it("refuses what is no database of ours, and loses nothing", async () => {
    const codes = await other.evaluate(async () => {
      const bytes = await db.export();
      const codes = [];
      for (const wrong of [new Uint8Array(10), bytes.slice(0, 20_000), new TextEncoder().encode("SQLite format 3\0".padEnd(16384, "x"))]) {
        codes.push((await app.failure(() => db.import(wrong)))?.code);
      }
      return codes;
    });
    assert.deepEqual(codes, ["ARGUMENT", "ARGUMENT", "ARGUMENT"]);
    assert.deepEqual(await titles(other), ["and on", "kept in the file"]);
    for (const tab of [page, other]) await tab.evaluate(() => db.close());
  });
});

describe("close()", () => {
  it("of a disk that refuses what was not flushed yet says so", async () => {
    const refused = await page.evaluate(async () => {
      const workerUrl = "/fixtures/refusing-worker.js";
      globalThis.db = await app.openAlone({ name: "not flushed", durability: "relaxed", workerUrl });
      await app.add(db, "not flushed yet");
      app.workers.at(-1).postMessage({ refuses: true });
      return app.failure(() => db.close());
    });
    assert.equal(refused.code, "STORAGE");
  });
});

describe("wipe()", () => {
  for (const [role, tab] of Object.entries({ leader: () => page, follower: () => other })) {
    it(`deletes the database in every tab (${role})`, async () => {
      await openBoth({ name: "wiped" });
      await other.evaluate(() => app.add(db, "to be deleted"));
      for (const one of [page, other]) await one.evaluate(() => void (globalThis.ended = app.event(db, "closed").then(({ code }) => code)));
      await tab().evaluate(() => db.wipe());
      const [left] = [page, other].filter((one) => one !== tab());
      assert.equal(await left.evaluate(() => ended), "CLOSED");
      assert.equal(await left.evaluate(async () => (await app.failure(() => db.query("SELECT 1"))).code), "CLOSED");
      const isTold = () => Promise.race([ended, new Promise((resolve) => setTimeout(resolve, 0, "not told"))]);
      assert.equal(await tab().evaluate(isTold), "not told");
      await openBoth({ name: "wiped" });
      assert.deepEqual(await titles(page), []);
      for (const one of [page, other]) await one.evaluate(() => db.close());
    });
  }

  it("that the disk refuses says so, closes the database, and can be done again", async () => {
    const again = await page.evaluate(async () => {
      const workerUrl = "/fixtures/refusing-worker.js";
      globalThis.db = await app.openAlone({ name: "refused", workerUrl });
      await app.add(db, "to be deleted");
      app.workers.at(-1).postMessage({ refuses: true });
      const refused = await app.failure(() => db.wipe());
      const closed = await app.failure(() => db.query("SELECT 1"));
      globalThis.db = await app.openAlone({ name: "refused" });
      await app.add(db, "in its place");
      await db.wipe();
      globalThis.db = await app.openAlone({ name: "refused" });
      return { refused, closed: closed.code, rows: await db.query("SELECT * FROM todos") };
    });
    assert.equal(again.refused.code, "STORAGE");
    assert.match(again.refused.message, /the disk refuses/);
    assert.equal(again.closed, "CLOSED");
    assert.deepEqual(again.rows, []);
    await page.evaluate(() => db.wipe());
  });
});

describe("databases()", () => {
  it("tells which there are and which are open; deleteDatabase() deletes one that is not", async () => {
    const [open, refused, left] = await page.evaluate(async () => {
      const { databases, deleteDatabase } = await import("/pkg/index.js");
      const db = await app.openAlone({ name: "user ä/1".replace("/", "-") });
      const open = (await databases()).find(({ name }) => name === "user ä-1");
      const refused = await app.failure(() => deleteDatabase("user ä-1"));
      await db.close();
      await deleteDatabase("user ä-1");
      return [open, refused.code, (await databases()).map(({ name }) => name)];
    });
    assert.deepEqual(open, { name: "user ä-1", inUse: true });
    assert.equal(refused, "DATABASE_IN_USE");
    assert.ok(!left.includes("user ä-1"));
    assert.ok(left.includes("imported"));
  });
});

describe("storage that is cleared under an open database", () => {
  it("is rebuilt with the writes that were not sent, and the app is told", async () => {
    await openBoth({ name: "cleared" });
    await page.evaluate(() => app.add(db, "not sent yet"));
    await page.evaluate(() => db.execute("CREATE TABLE notes (text TEXT)"));
    await page.evaluate(() => db.execute("INSERT INTO notes VALUES ('my own')"));
    const recovered = page.evaluate(() => new Promise((resolve) => db.on("recovered", resolve)));
    const devtools = await profile.context.newCDPSession(page);
    await devtools.send("Storage.clearDataForOrigin", { origin: server.origin, storageTypes: "all" });
    // As when the person comes back from the browser's settings.
    await page.evaluate(() => void dispatchEvent(new Event("online")));
    const told = await recovered;
    assert.deepEqual({ transactions: told.transactions, lost: told.lost }, { transactions: 1, lost: 0 });
    for (const tab of [page, other]) {
      assert.deepEqual(await titles(tab), ["not sent yet"]);
      assert.equal((await tab.evaluate(() => db.pending())).length, 1);
      assert.deepEqual(await tab.evaluate(() => db.query("SELECT * FROM notes")), [{ text: "my own" }]);
      assert.equal((await tab.evaluate(() => db.status())).storage.recovered.transactions, 1);
    }
    await page.close();
    assert.deepEqual(await titles(other), ["not sent yet"], "it is in files that last");
    await other.close();
    page = await openApp(profile, server);
    other = await openApp(profile, server);
    await openBoth({ name: "cleared" });
    assert.deepEqual(await titles(page), ["not sent yet"]);
    for (const tab of [page, other]) await tab.evaluate(() => db.close());
  });
});
