// Messages that are not what they should be, from any script of the origin: they are answered with an error or passed over, and nothing ends by them.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

/** What a request may fail with, whatever it says: a transaction that nobody knows may have been another leader's. */
const CODES = ["ARGUMENT", "LEADER_CHANGED", "SQL"];

setStage();

/** In the page: values of any kind, for fields of any kind. */
const ODD = `globalThis.odd = [undefined, null, true, NaN, -1, 0.5, 2 ** 53, 1e300, 10n ** 30n, "", "\\0", "todos", "x".repeat(100_000), [], [[null]], {}, { type: {} }, new Uint8Array(3), new Date(NaN), new Map()]`;

let pages = [];
const open = async (name) => {
  const page = await openApp(profile, server);
  pages.push(page);
  await page.evaluate(ODD);
  await page.evaluate(async (name) => void (globalThis.db = await app.openSynced({ name })), name);
  return page;
};

afterEach(async () => {
  await pages[0]?.evaluate(() => db.wipe());
  for (const page of pages.splice(0)) await page.close();
});

const titles = (page) => page.evaluate(async () => (await db.query("SELECT title FROM todos")).map(({ title }) => title));

describe("messages of a page to its worker", () => {
  let page;

  beforeEach(async () => {
    page = await open("odd-requests");
  });

  it("with fields of any kind are each answered, with a reason that is stable", async () => {
    const { asked, answered, codes } = await page.evaluate(async () => {
      // What ends the database, or leaves it alone for good, does so by right.
      const types = ["query", "execute", "batch", "begin", "commit", "rollback", "live", "unsubscribe", "status", "pending", "rejected", "settled", "retry", "edit", "discard", "setShape", "removeShape", "loadSubset", "verify", "inspect", "tabs", "export", "import", "nonsense", "constructor", undefined, null, 7, {}];
      const fields = { sql: "SELECT 1", params: [], transaction: 1, statements: [], meta: {}, subscription: 1, key: [], id: "x", number: 1, dependents: true, changes: {}, table: "nowhere", name: "x", shape: {}, purge: false, subset: {}, from: 0, bytes: new Uint8Array() };
      const requests = [...odd];
      for (const type of types) {
        for (const value of odd) {
          requests.push({ type, ...Object.fromEntries(Object.keys(fields).map((name) => [name, value])) });
          for (const name of Object.keys(fields)) requests.push({ ...fields, [name]: value, type });
        }
      }
      const codes = {};
      let answered = 0;
      const first = 1e9;
      const worker = app.workers[0];
      const done = new Promise((resolve) => {
        worker.addEventListener("message", ({ data }) => {
          if (!(data.id >= first) || data.type === "ask") return;
          const what = data.type === "failure" ? data.error.code : data.type;
          codes[what] = (codes[what] ?? 0) + 1;
          // Those that wait for a transaction which was begun.
          if (data.reply?.transaction >= 0) worker.postMessage({ type: "request", id: first - 1, done: 0, request: { type: "rollback", transaction: data.reply.transaction } });
          if (++answered === requests.length) resolve();
        });
      });
      requests.forEach((request, at) => worker.postMessage({ type: "request", id: first + at, done: 0, request }));
      await done;
      return { asked: requests.length, answered, codes };
    });
    assert.equal(answered, asked);
    assert.deepEqual(Object.keys(codes).filter((code) => code !== "reply" && !CODES.includes(code)), []);
    await page.evaluate(() => app.add(db, "still here"));
    assert.ok((await titles(page)).includes("still here"));
    assert.equal(await page.evaluate(() => app.workers.length), 1, "it is the same worker");
  });

  it("of kinds that there are not, or with numbers that are none, are passed over", async () => {
    await page.evaluate(() => {
      const [worker] = app.workers;
      for (const value of odd) {
        worker.postMessage(value);
        for (const type of ["answer", "answerFailed", "cancel", "took", "visibility", "free", "constructor", "request", value]) worker.postMessage({ type, id: value, done: value, request: value, subscription: value, visible: value, timeout: value, error: value });
      }
    });
    await page.evaluate(() => app.add(db, "still here"));
    assert.ok((await titles(page)).includes("still here"));
    assert.equal(await page.evaluate(() => app.workers.length), 1, "it is the same worker");
  });
});

describe("messages between tabs", () => {
  it("that no tab has sent change nothing for long", async () => {
    const leader = await open("odd-greetings");
    // Who listens hears their names.
    await leader.evaluate(() => {
      globalThis.heard = new Set();
      globalThis.lobby = new BroadcastChannel("throughline:odd-greetings");
      lobby.onmessage = ({ data }) => heard.add(data.from);
    });
    const follower = await open("odd-greetings");
    await follower.evaluate(() => app.add(db, "before"));
    await leader.evaluate(() => {
      const names = [...heard, "nobody", ...odd];
      const channels = [lobby, ...[...heard].map((name) => new BroadcastChannel(`throughline:odd-greetings:${name}`))];
      const types = ["hello", "opening", "leading", "welcome", "claim", "yours", "ping", "pong", "visible", "left", "request", "cancel", "took", "wake", "reply", "failure", "notification", "nonsense"];
      for (const channel of channels) {
        for (const value of odd) {
          channel.postMessage(value);
          for (const type of types) {
            for (const from of names) channel.postMessage({ type, from, v: value, build: value, term: value, visible: value, id: value, request: value, reply: value, error: value, notification: value });
          }
        }
      }
    });
    await follower.evaluate(() => app.add(db, "by the one"));
    await leader.evaluate(() => app.add(db, "by the other"));
    for (const page of pages) {
      const shown = await titles(page);
      for (const title of ["before", "by the one", "by the other"]) assert.ok(shown.includes(title), title);
    }
    for (const page of pages) await page.evaluate(() => app.confirmed(db));
  });
});
