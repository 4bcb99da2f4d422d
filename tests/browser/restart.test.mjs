// The server dies and comes back while a client writes: each write is there once.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const RESTARTS = 3;
const WRITES = 15;

setStage({ server: { kept: true } });

describe("a server that is killed again and again", () => {
  it("has each write once, and the client has no more and no less", async () => {
    const page = await openApp(profile, server);
    await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
    for (let round = 0; round < RESTARTS; round++) {
      const writing = page.evaluate(
        async ([round, count]) => {
          for (let index = 0; index < count; index++) await app.add(db, `round ${round} write ${index}`);
        },
        [round, WRITES],
      );
      await server.seen("a POST of this round", async () => (await server.rows()).some(({ title }) => title.startsWith(`round ${round} `)));
      await server.stop();
      await writing;
      await server.start();
      await page.evaluate(() => window.dispatchEvent(new Event("online")));
    }
    await page.evaluate(() => app.confirmed(db));

    const wanted = Array.from({ length: RESTARTS }, (_, round) => Array.from({ length: WRITES }, (_, index) => `round ${round} write ${index}`));
    const written = (rows) => rows.map(({ title }) => title).filter((title) => title.startsWith("round ")).sort();
    assert.deepEqual(written(await server.rows()), wanted.flat().sort());
    assert.deepEqual(written(await page.evaluate(() => db.query("SELECT title FROM todos"))), wanted.flat().sort());
    assert.deepEqual(await page.evaluate(() => db.query("SELECT * FROM todos_local")), []);
    assert.deepEqual((await page.evaluate(() => db.verify())).problems, []);
  });
});
