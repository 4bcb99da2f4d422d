// Twenty tabs that open, write, reload, close and crash at random for two minutes. THROUGHLINE_STORM_SECONDS sets another time,
// THROUGHLINE_STORM_SEED plays the same choices again (the browser's own timing is not in it).

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const TABS = 20;
const SECONDS = Number(process.env.THROUGHLINE_STORM_SECONDS ?? 120);
const SEED = Number(process.env.THROUGHLINE_STORM_SEED ?? Math.floor(Math.random() * 2 ** 32));

setStage({ profile: { asUsed: true } });

/** Mulberry32: small, and good enough to choose what happens next. */
function randomness(seed) {
  return () => {
    seed = (seed + 0x6d2b79f5) | 0;
    let mixed = Math.imul(seed ^ (seed >>> 15), 1 | seed);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** What was begun, what is known to have been resolved, and how often each thing happened. */
const begun = new Set();
const resolved = new Set();
const counts = { opened: 0, written: 0, transactions: 0, reloaded: 0, closed: 0, crashed: 0 };

/** One person's tab, over and over. */
class Tab {
  #name;
  #random;
  #page;
  #writes = 0;

  constructor(name, random) {
    this.#name = name;
    this.#random = random;
  }

  get page() {
    return this.#page;
  }

  async open() {
    counts.opened++;
    this.#page = await openApp(profile, server);
    await this.#openDatabase();
  }

  async live(until) {
    while (Date.now() < until) {
      if (!this.#page) await this.open();
      const chance = this.#random();
      if (chance < 0.62) await this.#write(1 + Math.floor(this.#random() * 5));
      else if (chance < 0.77) await this.#transaction();
      else if (chance < 0.88) await this.#reload();
      else if (chance < 0.95) await this.#close();
      else await this.#crash();
    }
    if (!this.#page) await this.open();
  }

  async #openDatabase() {
    await this.#page.evaluate(async () => void (globalThis.db = await app.open()));
  }

  #titles(count) {
    const titles = Array.from({ length: count }, () => `${this.#name}.${this.#writes++}`);
    titles.forEach((title) => begun.add(title));
    return titles;
  }

  async #write(count) {
    counts.written += count;
    const titles = this.#titles(count);
    // Sometimes the tab goes in the middle of it.
    const writes = this.#page.evaluate((titles) => Promise.all(titles.map((title) => app.add(db, title))).then(() => true), titles);
    if (this.#random() < 0.06) {
      const known = writes.catch(() => false);
      await (this.#random() < 0.5 ? this.#close() : this.#crash());
      if (await known) titles.forEach((title) => resolved.add(title));
      return;
    }
    await writes;
    titles.forEach((title) => resolved.add(title));
  }

  async #transaction() {
    counts.transactions++;
    const titles = this.#titles(2);
    const failure = await this.#page.evaluate(
      (titles) =>
        app.failure(() =>
          db.transaction(async (tx) => {
            for (const title of titles) await tx.execute("INSERT INTO todos (id, title) VALUES (?, ?)", [crypto.randomUUID(), title]);
          }),
        ),
      titles,
    );
    if (failure === null) titles.forEach((title) => resolved.add(title));
    else assert.equal(failure.code, "LEADER_CHANGED", failure.message);
  }

  async #reload() {
    counts.reloaded++;
    await this.#page.reload();
    await this.#page.waitForFunction(() => globalThis.app);
    await this.#openDatabase();
  }

  async #close() {
    counts.closed++;
    const page = this.#page;
    this.#page = undefined;
    await page.close();
  }

  async #crash() {
    counts.crashed++;
    const page = this.#page;
    this.#page = undefined;
    await profile.fault(page);
    await page.close();
  }
}

describe(`${TABS} tabs that come and go for ${SECONDS} s`, () => {
  it("keep every resolved write, once, and end up the same", async (test) => {
    test.diagnostic(`THROUGHLINE_STORM_SEED=${SEED}`);
    const tabs = Array.from({ length: TABS }, (_, n) => new Tab(`tab ${n}`, randomness(SEED + n)));
    const until = Date.now() + SECONDS * 1000;
    await Promise.all(tabs.map((tab) => tab.live(until)));
    test.diagnostic(JSON.stringify(counts));

    await tabs[0].page.evaluate(() => app.confirmed(db));
    const there = (await server.rows()).map(({ title }) => title).filter((title) => title.startsWith("tab "));
    const once = new Set(there);
    assert.equal(there.length, once.size, "no write happened twice");
    assert.deepEqual([...resolved].filter((title) => !once.has(title)), [], "no resolved write is missing");
    assert.deepEqual(there.filter((title) => !begun.has(title)), []);
    const views = await Promise.all(
      tabs.map(({ page }) =>
        page.evaluate(async () => ({
          rows: (await db.query("SELECT title FROM todos ORDER BY title")).map(({ title }) => title),
          pending: (await db.pending()).length,
          integrity: (await db.query("PRAGMA integrity_check"))[0].integrity_check,
          problems: (await db.verify()).problems,
        })),
      ),
    );
    for (const view of views) assert.deepEqual(view, { ...views[0], pending: 0, integrity: "ok", problems: [] });
    assert.deepEqual(views[0].rows.filter((title) => title.startsWith("tab ")), [...there].sort());
  });
});
