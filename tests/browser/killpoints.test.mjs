// The worker dies in the middle of a call to its files, at many points of a database's life, or the power goes: it opens again clean, with
// all that was resolved.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { judge } from "./fixtures/life.js";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

/** In the order of a life; `fixtures/life.js` says what happens in each. */
const PHASES = ["open", "load", "write", "upload", "change", "confirm", "reject", "refetch", "close", "reopen", "export", "import", "wipe"];
/** The writes that the server takes. */
const LASTING = ["insert", "update", "delete", "batch", "transaction", "confirmed", "late"];
/** Points over the whole of a life, and calls that are torn: rather more, since each phase has some. */
const POINTS = Number(process.env.THROUGHLINE_KILLS ?? 60);
const TORN = Math.ceil(POINTS / 3);
const POWER_CUTS = Math.ceil(POINTS / 3);
const LEAST = 3;
/** How much of a write that is torn reaches the file. What is smaller than a page, such as the pool's notes of its files, is written at once. */
const PAGE = 4096;
const TEARS = [0.2, 0.5, 0.95];
const ROWS = 2_000;
const LANES = 3;

/** Each has an origin of its own, since a browser holds six connections to one. */
let lanes;
/** The calls of a whole life. */
let calls;
/** What came of the deaths in each phase. */
let outcomes;
/** What was posted under each idempotency key, and the key of each change. */
const posted = new Map();
const keys = new Map();
const mixedUp = [];
let lives = 0;
let deaths = 0;

setStage({ server: { chunkBytes: 100_000 } }, async () => {
  lanes = await Promise.all(Array.from({ length: LANES }, (_, n) => openLane(n)));
  const whole = await lead(lanes[0], {});
  assert.equal(whole.life.failure, undefined);
  calls = whole.life.calls;
  outcomes = begin();
});

async function openLane(n) {
  const origin = server.origin.replace("localhost", `lane-${n}.localhost`);
  const page = await openApp(profile, { origin });
  page.on("request", (request) => request.url().endsWith("/changes") && note(request.postDataJSON()));
  return page;
}

/** A write goes under one key for ever, and a key stands for one write; a listener that throws would be heard by nobody. */
function note(transactions) {
  for (const { id, changes } of transactions) {
    const text = JSON.stringify(changes);
    if ((posted.get(id) ?? text) !== text) mixedUp.push(`${id}: ${posted.get(id)}, then ${text}`);
    posted.set(id, text);
    for (const { write_id } of changes) {
      if ((keys.get(write_id) ?? id) !== id) mixedUp.push(`${write_id}: ${keys.get(write_id)}, then ${id}`);
      keys.set(write_id, id);
    }
  }
}

/** A life, and what is found after it. */
async function lead(page, death) {
  const n = ++lives;
  const plan = { name: `life-${n}`, todos: `todos_${n}`, items: `items_${n}`, rows: ROWS, ...death };
  const inPage = (step) => page.evaluate(async ([step, plan]) => (await import("/fixtures/life.js"))[step](plan), [step, plan]);
  await inPage("prepare");
  const life = await inPage("live");
  // Nothing of it goes on.
  await page.reload();
  await page.waitForFunction(() => globalThis.app);
  const { found, synced } = await inPage("inspect");
  const there = {};
  for (const table of ["todos", "items"]) {
    const rows = await server.rows(plan[table]);
    there[table] = Object.fromEntries(rows.map(({ id, title }) => [id, title]));
  }
  return { life, found, synced, there };
}

const SOUND = { integrity: "ok", problems: [], error: null, recovered: null, evicted: null };

/** Dies there, and checks what is left. */
async function dieAt(page, death) {
  const { life, found, synced, there } = await lead(page, death);
  assert.equal(life.failure, undefined);
  deaths += life.died;
  assert.deepEqual(found.sound, SOUND);
  const loaded = PHASES.indexOf(life.phase) > PHASES.indexOf("load");
  // Deleted is deleted, and what was confirmed comes again.
  const wiped = life.phase === "wipe" && Object.keys(found.todos).length === 0;
  if (loaded && !wiped) {
    const number = Object.keys(found.items).length;
    // Nothing is flushed for what the server will send again: its rows, and its verdicts.
    const isLost = death.lost && number === 0;
    assert.ok(isLost || number === ROWS, `all rows or none: ${number}`);
    if (isLost) checkResolved(found.todos, life.resolved);
    else check(found.todos, life.resolved);
    if (life.resolved.includes("rejection")) assert.equal(death.lost ? synced.rejected : found.rejected, 1);
  }
  assert.deepEqual(synced.sound, SOUND);
  assert.deepEqual({ todos: synced.todos, items: synced.items }, there);
  check(there.todos, life.resolved);
  return life.died && life.phase === death.dies;
}

/** Of each write there is all, or nothing if it was never resolved. */
function check(titles, resolved) {
  checkResolved(titles, resolved);
  const { whole, absent } = judge(titles);
  for (const kind of LASTING) assert.ok(whole.includes(kind) || absent.includes(kind), `half of ${kind} is there`);
}

/** Of each write that was resolved there is all. */
function checkResolved(titles, resolved) {
  const { whole } = judge(titles);
  for (const kind of LASTING.filter((kind) => resolved.includes(kind))) assert.ok(whole.includes(kind), `${kind} was resolved and is not there`);
}

/** So many numbers from 1 to `of`, evenly. */
function spread(count, of) {
  const some = Math.min(count, of);
  return Array.from({ length: some }, (_, n) => 1 + Math.floor(((n + 0.5) * of) / some));
}

/** Where to die in a phase. */
function points(phase) {
  const own = calls.filter((call) => call.phase === phase);
  const share = own.length / calls.length;
  const at = new Set(spread(Math.max(LEAST, Math.round(POINTS * share)), own.length));
  // Before and after each flush of a commit.
  if (phase === "write") own.forEach(({ operation }, index) => operation === "flush" && at.add(index + 1).add(index + 2));
  const writes = own.flatMap(({ operation, bytes }, index) => (operation === "write" && bytes >= PAGE ? [index + 1] : []));
  // A commit is one write: torn at several places, so that more or less of its pages is there.
  const tears = writes.flatMap((at) => TEARS.map((torn) => ({ dies: phase, at, torn })));
  const torn = spread(Math.max(LEAST, Math.round(TORN * share)), tears.length).map((n) => tears[n - 1]);
  const cuts = spread(Math.max(LEAST, Math.round(POWER_CUTS * share)), own.length);
  // What a flush has kept is there, however much of the rest is gone.
  if (phase === "write") own.forEach(({ operation }, index) => operation === "flush" && index + 2 <= own.length && cuts.push(index + 2));
  const lost = cuts.map((at) => ({ dies: phase, at, lost: at }));
  return [...[...at].map((at) => ({ dies: phase, at })), ...torn, ...lost];
}

/** Begins the deaths of all phases, one after the other; each lane takes the next. An outcome is whether it died there, or why it failed. */
function begin() {
  const waiting = [];
  const begun = new Map();
  for (const phase of PHASES) {
    const outcome = (death) => new Promise((settle) => waiting.push({ death, settle }));
    begun.set(phase, Promise.all(points(phase).map(outcome)));
  }
  for (const page of lanes) {
    (async () => {
      for (let next = waiting.shift(); next; next = waiting.shift()) {
        next.settle(await dieAt(page, next.death).catch((cause) => new Error(`${JSON.stringify(next.death)}: ${cause.message}`, { cause })));
      }
    })();
  }
  return begun;
}

describe("a worker that dies", () => {
  for (const phase of PHASES) {
    it(`in the phase "${phase}" leaves a sound database with all that was resolved`, async (test) => {
      const came = await outcomes.get(phase);
      for (const outcome of came) if (outcome instanceof Error) throw outcome;
      const hit = came.filter((died) => died).length;
      const own = calls.filter((call) => call.phase === phase).length;
      test.diagnostic(`${phase}: ${own} calls, died at ${hit} of ${came.length} points`);
      assert.ok(hit >= LEAST, `it died ${hit} times`);
    });
  }

  it("never posts a write under two idempotency keys, nor two under one", (test) => {
    test.diagnostic(`${deaths} deaths in a life of ${calls.length} calls; ${keys.size} changes under ${posted.size} keys`);
    assert.ok(keys.size > deaths);
    assert.deepEqual(mixedUp, []);
  });
});
