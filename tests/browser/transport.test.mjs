// Writes that a function of the app's delivers, and answers that one reads: in the page, asked by the worker.

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
  await page.evaluate(() => globalThis.db?.wipe());
  await page.close();
});

const titles = async () => (await server.rows()).map(({ title }) => title);

describe("write.send", () => {
  it("delivers the writes, and what it answers confirms or rejects them", async () => {
    const { sent, rejected } = await page.evaluate(async () => {
      const sent = [];
      const send = async (transactions, { signal }) => {
        sent.push({ count: transactions.length, aborted: signal.aborted });
        if (sent.length === 1) throw new TypeError("no connection yet");
        if (sent.length === 2) throw Object.assign(new Error("busy"), { status: 503 });
        const answer = await fetch("/changes", { method: "POST", body: JSON.stringify(transactions), signal });
        return answer.json();
      };
      globalThis.db = await app.openSynced({ name: "sent", write: { send } });
      await app.add(db, "by a function");
      await app.add(db, "");
      await app.confirmed(db);
      return { sent, rejected: (await db.rejected()).map(({ error }) => error.code) };
    });
    assert.ok(sent.length >= 3 && sent.every(({ aborted }) => !aborted), JSON.stringify(sent));
    assert.deepEqual(rejected, ["EMPTY_TITLE"]);
    assert.ok((await titles()).includes("by a function"));
  });

  it("rejects what it throws for good, with the reason", async () => {
    const reasons = await page.evaluate(async () => {
      const errors = [
        Object.assign(new Error("not like this"), { retryable: false, code: "NO" }),
        Object.assign(new Error("x"), { status: 422, body: { error: { code: "TAKEN", message: "taken" } } }),
      ];
      const send = async () => {
        throw errors.shift();
      };
      globalThis.db = await app.openSynced({ name: "thrown", write: { send } });
      for (const title of ["one", "two"]) {
        const rejected = app.event(db, "rejected");
        await app.add(db, title);
        await rejected;
      }
      return (await db.rejected()).map(({ error }) => [error.code, error.message]);
    });
    assert.deepEqual(reasons, [["NO", "not like this"], ["TAKEN", "taken"]]);
  });

  it("is told when the database is closed, and is not waited for", async () => {
    const aborted = await page.evaluate(async () => {
      let begun;
      const sending = new Promise((resolve) => (begun = resolve));
      const send = (_, { signal }) => {
        begun(signal);
        return new Promise(() => {});
      };
      const db = await app.openSynced({ name: "closed", write: { send } });
      await app.add(db, "under way");
      const signal = await sending;
      await db.close();
      return signal.aborted;
    });
    assert.equal(aborted, true);
  });

  it("or a url there must be", async () => {
    const failure = await page.evaluate(() => app.failure(() => app.open({ name: "neither", write: {} })));
    assert.equal(failure.code, "ARGUMENT");
  });
});

describe("write.classify", () => {
  it("overrules what an answer means, and leaves the others alone", async () => {
    await server.outage({ path: "/changes", status: 404, count: 1, body: JSON.stringify({ message: "no such list" }), headers: {} });
    const { seen, rejected } = await page.evaluate(async () => {
      const seen = [];
      const classify = async ({ status, headers, body }, transactions) => {
        seen.push([status, typeof headers["content-type"], body.length > 0, transactions.length]);
        return status === 404 ? "rejected" : undefined;
      };
      globalThis.db = await app.openSynced({ name: "classified", write: { url: "/changes", classify } });
      await app.add(db, "refused");
      await app.confirmed(db);
      await app.add(db, "taken");
      await app.confirmed(db);
      return { seen, rejected: (await db.rejected()).map(({ error }) => error.message) };
    });
    assert.deepEqual(seen.map(([status]) => status), [404, 200]);
    assert.deepEqual(seen[1], [200, "string", true, 1]);
    assert.deepEqual(rejected, ["no such list"]);
    assert.ok((await titles()).includes("taken") && !(await titles()).includes("refused"));
  });
});
