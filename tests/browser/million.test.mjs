// A table of a million rows: how much memory it takes, what the app sees meanwhile, and that no part of it is loaded twice.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

/** Fewer are for quick tries. */
const ROWS = Number(process.env.THROUGHLINE_MILLION ?? 1_000_000);
const ROW_BYTES = 300;
const MOST_HEAP_BYTES = 256 * 1024 * 1024;
const REFETCHED_ROWS = Math.min(100_000, ROWS);
/** Ends what hangs, and decides nothing else. */
const LONGEST_MS = 240_000;

let server;
let profile;
let page;

before(async () => {
  server = await startServer();
});

after(async () => {
  await server?.dispose();
});

// Each test fills the disk with half a gigabyte, which goes with its profile.
beforeEach(async () => {
  profile = await newProfile();
});

afterEach(async () => {
  await profile?.dispose();
});

/** Opens a database with many entries and a few todos, whose worker tells its memory; `db` and `entries` are then in the page. */
async function openMillion() {
  page = await openApp(profile, server);
  page.setDefaultTimeout(LONGEST_MS);
  await page.evaluate(async () => {
    const tables = { todos: {}, entries: { indexes: ["created_at", "number"] } };
    globalThis.db = await app.open({ name: "million", tables, workerUrl: "/fixtures/measured-worker.js" });
    globalThis.entries = ({ shapes }) => shapes.find(({ table }) => table === "entries");
  });
}

/** Follows the entries until their phase is `live`: each state of them, and the answers to a query asked in each state. */
const follow = (sql) =>
  page.evaluate(async (sql) => {
    const states = [];
    const answers = [];
    await app.status(db, (status) => {
      const { phase, rows, bytes, chunks } = entries(status);
      const state = { phase, rows, bytes, chunks };
      states.push(state);
      if (phase === "loading") answers.push(db.query(sql).then(([answer]) => ({ ...answer, phase: states.at(-1).phase })));
      return phase === "live";
    });
    return { states, answers: await Promise.all(answers), ...(await app.measured()) };
  }, sql);

/** Each state that has more chunks than the one before has more of everything; it loads, then it is live. */
function assertProgress(states) {
  const steps = states.filter(({ chunks }, at) => at === 0 || chunks !== states[at - 1].chunks);
  for (const figure of ["rows", "bytes", "chunks"]) {
    const figures = steps.filter(({ phase }) => phase === "loading").map((state) => state[figure]);
    assert.deepEqual(figures, [...new Set(figures)].sort((one, other) => one - other), `${figure} grow`);
  }
  const phases = states.map(({ phase }) => phase);
  assert.deepEqual(phases.filter((phase, at) => phase !== phases[at - 1]), ["loading", "live"]);
}

/** The entries are those of the server, as far as its chunks from these offsets tell, and their indexes serve. */
async function assertComplete(rows, asked) {
  const picked = [];
  for (const part of [0, 1 / 3, 2 / 3]) picked.push((await server.chunk("entries", asked[Math.floor(asked.length * part)]))[0]);
  const found = await page.evaluate(
    async (ids) => ({
      counts: (await db.query("SELECT count(*) AS n, min(id) AS first, max(id) AS last, sum(number) AS numbers FROM entries"))[0],
      midnights: (await db.query("SELECT count(*) AS n FROM entries WHERE created_at = '2026-01-01 00:00:00+00'"))[0].n,
      picked: await db.query("SELECT * FROM entries WHERE id IN (?, ?, ?) ORDER BY id", ids),
      plan: (await db.query("EXPLAIN QUERY PLAN SELECT * FROM entries WHERE number = 7")).map(({ detail }) => detail),
    }),
    picked.map(({ id }) => Number(id)),
  );
  // As the server makes them: numbers from 0 to 999, and one second of the day after the other.
  assert.deepEqual(found.counts, { n: rows, first: 1, last: rows, numbers: (rows / 1000) * (999 * 500) });
  assert.equal(found.midnights, Math.ceil(rows / 86_400));
  assert.equal(found.plan.filter((step) => step.includes("USING INDEX entries_")).length, 2, found.plan.join("; "));
  assert.deepEqual(found.picked.map(asText), picked);
}

/** A row in the spelling of a snapshot. */
const asText = ({ completed, ...row }) => ({
  ...Object.fromEntries(Object.entries(row).map(([name, value]) => [name, String(value)])),
  completed: String(Boolean(completed)),
});

/** The offsets from which the entries were asked for, oldest first, but not the polls that waited for more. */
async function offsets() {
  const queries = (await server.shapeRequests()).map(({ query }) => new URLSearchParams(query));
  const wanted = queries.filter((query) => query.get("table") === "entries" && !query.has("live"));
  return wanted.map((query) => query.get("offset"));
}

describe(`${ROWS} rows`, { timeout: LONGEST_MS }, () => {
  it("load in bounded memory, while the app sees how far it is and works with its other tables", async (test) => {
    await server.fill("entries", ROWS, ROW_BYTES);
    const began = performance.now();
    await openMillion();
    const { states, answers, heapBytes } = await follow("SELECT count(*) AS n FROM todos");
    const seconds = (performance.now() - began) / 1000;
    test.diagnostic(`${Math.round(ROWS / seconds)} rows/s, ${Math.round(heapBytes / 2 ** 20)} MiB of wasm memory`);

    assertProgress(states);
    assert.ok(heapBytes < MOST_HEAP_BYTES, `${heapBytes} bytes of wasm memory`);
    const todos = (await server.rows()).length;
    const { chunks } = states.at(-1);
    const meanwhile = answers.filter(({ n, phase }) => n === todos && phase === "loading");
    assert.ok(meanwhile.length > chunks / 4, `${meanwhile.length} answers in ${chunks} chunks`);
    await assertComplete(ROWS, await offsets());
  });

  it("go on from the last chunk stored when the browser is killed halfway", async () => {
    await server.fill("entries", ROWS, ROW_BYTES);
    const others = (await offsets()).length;
    await openMillion();
    const stored = await page.evaluate(async (half) => {
      const status = await app.status(db, (status) => entries(status).rows >= half);
      return entries(status).chunks;
    }, ROWS / 2);
    await profile.kill();
    await profile.start();
    await openMillion();
    const { states } = await follow("SELECT count(*) AS n FROM entries");
    assertProgress(states);
    assert.ok(states[0].rows >= ROWS / 2, `${states[0].rows} rows at the start`);
    // Chunks are asked for from -1, 0_0, 0_1, …; twice only those that were on their way.
    const asked = (await offsets()).slice(others);
    const twice = asked.filter((offset, at) => asked.indexOf(offset) < at);
    assert.ok(twice.length <= 2, `asked again from ${twice}`);
    assert.ok(twice.every((offset) => Number(offset.split("_")[1]) >= stored - 1), `${stored} chunks were stored, asked again from ${twice}`);
    await assertComplete(ROWS, asked);
    assert.deepEqual(await page.evaluate(async () => (await db.verify()).problems), []);
  });
});

describe(`${REFETCHED_ROWS} rows`, { timeout: LONGEST_MS }, () => {
  it("stay where they are while they are fetched again, and nobody is told of equal ones", async () => {
    await server.fill("entries", REFETCHED_ROWS, ROW_BYTES);
    await openMillion();
    await page.evaluate(async () => {
      await app.status(db, (status) => entries(status).phase === "live");
      globalThis.told = { sums: [], newest: [] };
      const follow = (results, live) => new Promise((first) => live.subscribe((result) => first(results.push(result))));
      await follow(told.sums, db.live("SELECT count(*) AS n, sum(number) AS numbers FROM entries"));
      await follow(told.newest, db.live("SELECT * FROM entries ORDER BY created_at DESC, id LIMIT 20", [], { key: "id" }));
      globalThis.refetching = app.status(db, (status) => entries(status).phase === "loading");
    });
    const others = (await offsets()).length;
    await server.rotate("entries");
    await page.evaluate(() => refetching.then(() => {}));
    const { states, answers } = await follow("SELECT count(*) AS n FROM entries");
    assertProgress(states);
    assert.ok(answers.length > 1, `${answers.length} answers`);
    assert.deepEqual(answers.filter(({ n }) => n !== REFETCHED_ROWS), []);
    const asked = (await offsets()).slice(others);
    assert.equal(asked.filter((offset) => offset === "-1").length, 1, `asked from ${asked}`);
    const results = () => page.evaluate(() => Object.values(told).map((results) => results.length));
    assert.deepEqual(await results(), [1, 1]);

    // They would have been told of another row.
    await page.evaluate(async () => {
      await db.disconnect();
      await db.execute("INSERT INTO entries (id, title, completed, number, created_at) VALUES (0, 'last', false, 1, '2027-01-01 00:00:00+00')");
    });
    await page.waitForFunction(() => Object.values(told).every(({ length }) => length > 1));
    assert.deepEqual(await results(), [2, 2]);
  });
});
