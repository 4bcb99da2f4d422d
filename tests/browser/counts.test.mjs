// What one piece of work asks of the browser. Counts do not depend on how fast the machine is: a change that raises one fails here.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

/**
 * The most of each that one piece of work may take, on average of many: calls of a file's handle and KiB written, messages to the page,
 * calls from wasm into JavaScript (`out`) and back (`in`). How many of a row of writes tell the status, and by how many timers, is up to how
 * fast the machine is: a write is counted with a message and a timer for it. Whoever lowers one lowers it here; whoever must raise one says why.
 */
const MOST = {
  "a local insert": { write: 1.6, KiB: 89, read: 1, flush: 1.3, getSize: 0.2, truncate: 0.2, messages: 2.3, out: 122, in: 11.5 },
  "a local update": { write: 1.6, KiB: 86, read: 1, flush: 1.3, getSize: 0.2, truncate: 0.2, messages: 2.3, out: 105, in: 10.1 },
  "a local delete": { write: 1.6, KiB: 84, read: 1, flush: 1.3, getSize: 0.2, truncate: 0.2, messages: 2.3, out: 100, in: 9.2 },
  "a batch of 1000 local inserts": { write: 2, KiB: 540, read: 0, flush: 1, getSize: 0, truncate: 0, messages: 3, out: 41400, in: 4060 },
  "a local insert under a live query of 100 rows": { write: 1.7, KiB: 92, read: 1, flush: 1.3, getSize: 0.2, truncate: 0.2, messages: 3.3, out: 146, in: 16.1 },
  "a local write until it is confirmed": { write: 6, KiB: 350, read: 2, flush: 2.5, getSize: 0.4, truncate: 0.4, messages: 6.2, out: 700, in: 102 },
  "1000 synced rows": { write: 2, KiB: 433, read: 0, flush: 1, getSize: 0, truncate: 0, messages: 7, out: 930, in: 165 },
  "a start on a log of 2 MB": { write: 0, KiB: 0, read: 35, flush: 0, getSize: 16, truncate: 0, messages: 6, out: 660, in: 175 },
  "a query of one row": { write: 0, KiB: 0, read: 0, flush: 0, getSize: 0, truncate: 0, messages: 1, out: 30, in: 8 },
  "a query of 100 rows": { write: 0, KiB: 0, read: 0, flush: 0, getSize: 0, truncate: 0, messages: 1, out: 26, in: 7 },
};

const TIMES = 50;
const ROWS = 1000;

let page;

setStage({}, () => server.fill("entries", ROWS, 100));

/** Opens the app, with `taken()` in the page: what was counted since it was last called. */
async function openCounting() {
  page = await openApp(profile, server);
  await page.evaluate(() => {
    let channel;
    globalThis.taken = () =>
      new Promise((resolve) => {
        channel.onmessage = ({ data }) => resolve(data);
        channel.postMessage("take");
      });
    globalThis.counting = (open, options) => {
      channel = new BroadcastChannel(options.name);
      return open({ ...options, workerUrl: `/fixtures/counting-worker.js?channel=${options.name}` });
    };
    const write = {
      insert: (db, n) => db.execute("INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)", [id(n), `todo ${n}`, false, new Date(n)]),
      update: (db, n) => db.execute("UPDATE todos SET title = ? WHERE id = ?", [`changed ${n}`, id(n)]),
      delete: (db, n) => db.execute("DELETE FROM todos WHERE id = ?", [id(n)]),
    };
    const id = (n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;
    const insert = (n) => app.sql`INSERT INTO todos (id, title, completed, created_at) VALUES (${id(n)}, ${`todo ${n}`}, ${false}, ${new Date(n)})`;
    globalThis.tools = { id, write, insert };
  });
}

/** Holds what was counted during `times` pieces of work to the table. */
function hold(test, work, counts, times = 1) {
  const { bytesWritten = 0, callsOut = 0, callsIn = 0 } = counts;
  const all = { ...counts, KiB: bytesWritten / 1024, out: callsOut, in: callsIn };
  const each = Object.fromEntries(Object.keys(MOST[work]).map((name) => [name, Math.ceil((10 * (all[name] ?? 0)) / times) / 10]));
  test.diagnostic(`${work}: ${JSON.stringify(each)}`);
  assert.ok(each.messages > 0 && each.in > 0, "it is counted at all");
  const over = Object.entries(MOST[work]).filter(([name, most]) => each[name] > most);
  assert.deepEqual(over.map(([name, most]) => `${name}: ${each[name]} instead of ${most}`), []);
}

describe("counts of", () => {
  before(openCounting);
  after(() => page?.close());

  it("local writes", async (test) => {
    const counts = await page.evaluate(async (times) => {
      const db = await counting(app.openAlone, { name: "writes" });
      for (const write of Object.values(tools.write)) await write(db, 0);
      const counts = {};
      for (const [kind, write] of Object.entries(tools.write)) {
        await taken();
        for (let n = 1; n <= times; n++) await write(db, n);
        counts[kind] = await taken();
      }
      await db.close();
      return counts;
    }, TIMES);
    for (const [kind, count] of Object.entries(counts)) hold(test, `a local ${kind}`, count, TIMES);
  });

  it("a batch", async (test) => {
    const counts = await page.evaluate(async () => {
      const db = await counting(app.openAlone, { name: "batch" });
      await db.batch([tools.insert(0)]);
      await taken();
      await db.batch(Array.from({ length: 1000 }, (_, n) => tools.insert(n + 1)));
      const counts = await taken();
      await db.close();
      return counts;
    });
    hold(test, "a batch of 1000 local inserts", counts);
  });

  it("live notifications and queries", async (test) => {
    const { live, point, list } = await page.evaluate(async (times) => {
      const db = await counting(app.openAlone, { name: "live" });
      // Where the storage stands is told once, whenever the browser has found out.
      await app.status(db, ({ storage }) => storage.usage !== null);
      // What is pending is counted after a pause: to what is measured next it would be a message more.
      const counted = app.status(db, ({ pending }) => pending === 1 + 1 + times);
      await db.batch(Array.from({ length: 100 }, (_, n) => tools.insert(1000 + n)));
      const results = db.live("SELECT * FROM todos ORDER BY created_at DESC LIMIT 100", [], { key: "id" });
      let told;
      results.subscribe(() => told?.());
      const next = () => new Promise((resolve) => (told = resolve));
      await next();
      const measured = async (work) => {
        await work(0);
        await taken();
        for (let n = 1; n <= times; n++) await work(n);
        return taken();
      };
      const live = await measured(async (n) => {
        const notified = next();
        await tools.write.insert(db, 2000 + n);
        await notified;
      });
      await counted;
      const point = await measured(() => db.query("SELECT * FROM todos WHERE id = ?", [tools.id(1000)]));
      const list = await measured(() => db.query("SELECT * FROM todos ORDER BY created_at LIMIT 100"));
      await db.close();
      return { live, point, list };
    }, TIMES);
    hold(test, "a local insert under a live query of 100 rows", live, TIMES);
    hold(test, "a query of one row", point, TIMES);
    hold(test, "a query of 100 rows", list, TIMES);
  });

  it("a write on its way to the server and back", async (test) => {
    const counts = await page.evaluate(async (times) => {
      const db = await counting(app.openSynced, { name: "loop" });
      const loop = async (n) => {
        const confirmed = app.event(db, "confirmed");
        await tools.write.insert(db, n);
        await confirmed;
      };
      await loop(0);
      await taken();
      for (let n = 1; n <= times; n++) await loop(n);
      const counts = await taken();
      await db.close();
      return counts;
    }, TIMES);
    hold(test, "a local write until it is confirmed", counts, TIMES);
  });

  it("a start on a log that was left behind", async (test) => {
    const counts = await page.evaluate(async () => {
      const db = await app.openAlone({ name: "left" });
      await db.batch(Array.from({ length: 3000 }, (_, n) => tools.insert(n)));
      app.workers.at(-1).terminate();
      const again = await counting(app.openAlone, { name: "left" });
      await again.query("SELECT * FROM todos WHERE id = ?", [tools.id(7)]);
      const counts = await taken();
      await again.close();
      return counts;
    });
    hold(test, "a start on a log of 2 MB", counts);
  });

  it("a first load", async (test) => {
    const counts = await page.evaluate(async () => {
      const tables = { entries: { indexes: ["created_at"] } };
      const db = await counting(app.open, { name: "load", tables, connect: false });
      await db.status();
      await taken();
      await db.connect();
      await app.live(db);
      const counts = await taken();
      await db.close();
      return counts;
    });
    hold(test, `${ROWS} synced rows`, counts);
  });
});
