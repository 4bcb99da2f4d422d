// What a browser does with a page besides showing it: hides it, keeps it in the back/forward cache, throws its storage away.

import assert from "node:assert/strict";
import { afterEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

/** A hidden page draws nothing, so it cannot be asked at each frame. */
const POLL = { polling: 25 };

let devtools;

setStage({ profile: { asUsed: true } }, async () => {
  devtools = await profile.context.browser().newBrowserCDPSession();
});

afterEach(async () => {
  for (const page of profile.context.pages().slice(1)) await page.close();
});

/** A tab with a database and a live query; `alone`: one without a server. */
async function openTab(options, alone = false) {
  const page = await openApp(profile, server);
  await page.evaluate(async ([options, alone]) => {
    globalThis.db = await (alone ? app.openAlone : app.open)(options);
    globalThis.told = [];
    db.live("SELECT id, title FROM todos ORDER BY id", [], { key: "id" }).subscribe((result) => told.push(result));
  }, [options, alone]);
  await page.waitForFunction(() => told.length > 0, null, POLL);
  return page;
}

/** A page that comes out of the cache does not load. */
const goBack = (page) => page.goBack({ waitUntil: "commit" });

describe("the back/forward cache", () => {
  it("takes a page with an open database in, lets another tab lead meanwhile, and gives the page back as it was", async () => {
    const page = await openTab();
    const other = await openTab();
    await page.evaluate(() => (globalThis.kept = "as it was"));
    await page.goto(`${server.origin}/fixtures/app.html?elsewhere`);
    await other.evaluate(() => app.add(db, "meanwhile"));
    await goBack(page);
    assert.equal(await page.evaluate(() => globalThis.kept), "as it was", "it was in the cache");
    await page.waitForFunction(() => told.at(-1).rows.some(({ title }) => title === "meanwhile"), null, POLL);
    await page.evaluate(() => app.add(db, "back again"));
    assert.ok((await other.evaluate(() => db.query("SELECT 1 FROM todos WHERE title = 'back again'"))).length);
  });

  it("brings back what the page had asked for in the very moment it went", async () => {
    const page = await openTab();
    await page.evaluate(() => {
      addEventListener("pagehide", () => {
        globalThis.late = app.add(db, "in the last moment").then(() => "resolved");
      });
    });
    await page.goto(`${server.origin}/fixtures/app.html?elsewhere`);
    await goBack(page);
    assert.equal(await page.evaluate(() => late), "resolved");
    const [{ n }] = await page.evaluate(() => db.query("SELECT count(*) AS n FROM todos WHERE title = 'in the last moment'"));
    assert.equal(n, 1);
  });
});

describe("a hidden leader", () => {
  it("answers a visible tab all the same", async () => {
    const hidden = await openTab();
    const visible = await openTab();
    await visible.bringToFront();
    assert.equal(await hidden.evaluate(() => document.visibilityState), "hidden");
    await visible.evaluate(() => app.add(db, "seen"));
    await hidden.waitForFunction(() => told.at(-1).rows.some(({ title }) => title === "seen"), null, POLL);
  });
});

describe("storage", () => {
  it("is asked to last after the first write, and says whether it does", async () => {
    const page = await openTab({ name: "persisted" });
    const before = await page.evaluate(() => app.status(db, ({ storage }) => storage.usage !== null));
    assert.equal(before.storage.persisted, false);
    assert.ok(before.storage.quota > before.storage.usage);
    await devtools.send("Browser.grantPermissions", { permissions: ["durableStorage"], origin: server.origin });
    await page.evaluate(() => app.add(db, "worth keeping"));
    await page.evaluate(() => app.status(db, ({ storage }) => storage.persisted === true));
    await page.evaluate(() => db.wipe());
  });

  it("that was thrown away while nobody looked is missed at the next opening, with the number of writes it held", async () => {
    let page = await openTab({ name: "evicted" }, true);
    await page.evaluate(async () => {
      await app.add(db, "one");
      await app.add(db, "two");
      await app.status(db, ({ pending }) => pending === 2);
      await db.close();
    });
    await page.close();
    const session = await profile.context.newCDPSession(profile.context.pages()[0]);
    await session.send("Storage.clearDataForOrigin", { origin: server.origin, storageTypes: "file_systems" });
    page = await openTab({ name: "evicted" }, true);
    const { storage, pending } = await page.evaluate(() => db.status());
    assert.equal(pending, 0);
    assert.equal(storage.evicted?.pending, 2);
    await page.evaluate(() => db.wipe());
    page = await openTab({ name: "evicted" }, true);
    assert.equal((await page.evaluate(() => db.status())).storage.evicted, null, "what was wiped was meant to go");
    await page.evaluate(() => db.close());
  });
});
