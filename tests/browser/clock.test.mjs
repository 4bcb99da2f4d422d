// The clock of the device is set: sync and upload go on as if nothing had happened, and no request goes round and round.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";
import { until } from "./support/until.mjs";

const DAY_MS = 24 * 60 * 60 * 1000;
/** What the server wants a client to wait: the clock is set in the middle of it. */
const WAIT_S = 3;
const ROWS = 20_000;
/** Requests of a client that has one shape more than the demo, three writes and no haste. */
const FEW = 16;

let page;

setStage({ server: { chunkBytes: 250_000 } });

beforeEach(async () => {
  await server.reset();
  page = await openApp(profile, server);
});

afterEach(async () => {
  await page.close();
});

/** Opens a database in a worker whose clock the tests set. */
const open = (name, tables = { todos: {} }) =>
  page.evaluate(
    async ([name, tables]) => {
      globalThis.db = await app.open({ name, tables, workerUrl: "/fixtures/clock-worker.js" });
      globalThis.setClock = (ahead) => app.workers.at(-1).postMessage({ ahead });
    },
    [name, tables],
  );

const appears = (title) =>
  page.evaluate((wanted) => app.result(db.live("SELECT title FROM todos"), ({ rows }) => rows.some(({ title }) => title === wanted)), title);

const requests = async () => (await server.log()).requests.length;

for (const [direction, ahead] of [["forward", DAY_MS], ["back", -DAY_MS]]) {
  describe(`a clock that is set ${direction} by a day`, () => {
    it("in the middle of a first load and of a held poll delays nothing", async () => {
      await server.fill("entries", ROWS, 200);
      await open(`load-${direction}`, { todos: {}, entries: { indexes: ["number"] } });
      await page.evaluate(async (ahead) => {
        await app.status(db, ({ shapes }) => shapes.find(({ table }) => table === "entries").rows > 0);
        setClock(ahead);
        await app.live(db);
      }, ahead);
      await server.seen("two held polls", ({ held }) => held === 2);
      const before = await requests();
      await page.evaluate(() => setClock(0));
      await server.asOtherUser(newTodo("after the clock was set"));
      await appears("after the clock was set");
      const [{ n }] = await page.evaluate(() => db.query("SELECT count(*) AS n FROM entries"));
      assert.equal(n, ROWS);
      assert.ok((await requests()) - before < FEW);
    });

    it("while retries wait and a transaction is open holds up nothing, and writes go in order, each once", async () => {
      const posted = [];
      page.on("request", (request) => request.url().endsWith("/changes") && posted.push(...request.postDataJSON()));
      await open(`retry-${direction}`);
      await page.evaluate(() => app.live(db));
      await server.seen("a held poll", ({ held }) => held === 1);
      for (const path of ["/changes", "/v1/shape"]) await server.outage({ path, status: 503, headers: { "retry-after": String(WAIT_S) } });
      await server.asOtherUser(newTodo("theirs"));
      await page.evaluate(async () => {
        await app.add(db, "first");
        await app.status(db, ({ upload, shapes }) => upload.phase === "waiting" && shapes[0].phase === "waiting");
        await app.add(db, "second");
      });
      await server.clear();
      const before = await requests();
      await page.evaluate(async (ahead) => {
        await db.transaction(async (tx) => {
          await app.add(tx, "third");
          setClock(ahead);
          await tx.query("SELECT 1");
        });
        await app.add(db, "fourth");
      }, ahead);
      await until("all is up to date", () => page.evaluate(async () => {
        const { pending, shapes } = await db.status();
        return pending === 0 && shapes[0].phase === "live";
      }));
      const asked = (await requests()) - before;
      assert.ok(asked < FEW, `${asked} requests`);
      const titles = ["first", "second", "third", "fourth"];
      const rows = await server.rows();
      assert.deepEqual(titles.map((wanted) => rows.filter(({ title }) => title === wanted).length), [1, 1, 1, 1]);
      const order = posted.flatMap(({ changes }) => changes.map(({ value }) => value.title));
      assert.deepEqual([...new Set(order)], titles);
      const shown = await page.evaluate(() => db.query("SELECT id FROM todos"));
      assert.equal(shown.length, rows.length);
      assert.deepEqual((await page.evaluate(() => db.verify())).problems, []);
    });
  });
}
