// One tab owns the database; another one says so, and takes over when the first is gone.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { Demo } from "./support/demo.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

const RELOADS = 5;

let server;
let profile;

before(async () => {
  server = await startServer();
  profile = await newProfile();
});

after(async () => {
  await profile?.dispose();
  await server?.dispose();
});

describe("a second tab", () => {
  it("is told at once that the database is in use, and that a retry can help", async () => {
    const [first, second] = [await openApp(profile, server), await openApp(profile, server)];
    await first.evaluate(async () => void (globalThis.db = await app.openSynced()));
    const failure = await second.evaluate(() => app.failure(() => app.open()));
    assert.deepEqual({ code: failure.code, retryable: failure.retryable }, { code: "DATABASE_IN_USE", retryable: true });
    assert.equal((await first.evaluate(() => db.query("SELECT * FROM todos"))).length, 5, "the first one goes on");

    await first.close();
    await second.waitForFunction(async () => (await app.failure(async () => (globalThis.db = await app.open())))?.code !== "DATABASE_IN_USE");
    assert.equal((await second.evaluate(() => db.query("SELECT * FROM todos"))).length, 5);
    await second.close();
  });

  it("may open a database of another name", async () => {
    const [first, second] = [await openApp(profile, server), await openApp(profile, server)];
    await first.evaluate(async () => void (globalThis.db = await app.openSynced({ name: "one" })));
    const rows = await second.evaluate(async () => (await app.openSynced({ name: "two" })).query("SELECT * FROM todos"));
    assert.equal(rows.length, 5);
    await Promise.all([first.close(), second.close()]);
  });

  it("of the demo waits, and takes over when the first one closes", async () => {
    const first = await Demo.open(profile, server);
    await first.settled();
    const second = new Demo(await profile.open(`${server.origin}/`));
    await second.page.getByTestId("boot-error").getByText("Open in another tab").waitFor();
    assert.ok(await second.page.locator(".list").isHidden());

    await first.add("Written in the first tab");
    await first.shows("Written in the first tab", "confirmed");
    await first.page.close();
    await second.opened();
    await second.shows("Written in the first tab", "confirmed");
    assert.ok(await second.page.getByTestId("boot-error").isHidden());
    await second.page.close();
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
