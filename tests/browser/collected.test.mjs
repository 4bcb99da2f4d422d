// Chromium never answers for an access handle whose file object is collected while it is being opened, and keeps the file shut to all.

import assert from "node:assert/strict";
import { it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

setStage({ profile: { flags: ["--js-flags=--expose-gc"] } });

it("a database opens while the browser collects garbage", async () => {
  for (const title of ["first", "second"]) {
    const page = await openApp(profile, server);
    await page.evaluate(() => void app.openAlone({ name: "collected", workerUrl: "/fixtures/collecting-worker.js" }).then((opened) => (globalThis.db = opened)));
    await page.waitForFunction(() => globalThis.db);
    await page.evaluate((title) => app.add(db, title), title);
    const titles = await page.evaluate(async () => (await db.query("SELECT title FROM todos ORDER BY title")).map(({ title }) => title));
    assert.deepEqual(titles, title === "first" ? ["first"] : ["first", "second"]);
    assert.equal(await page.evaluate(async () => (await db.status()).storage.persistence), "opfs");
    await page.evaluate(() => db.close());
    await page.close();
  }
});
