// The browser is killed again and again while two tabs and the server write: nothing that was resolved is lost, and all of it happens once.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const KILLS = Number(process.env.THROUGHLINE_KILLS ?? 30);
/** So many writes of a round are resolved when its kill comes, at least and at most. */
const [FEWEST, MOST] = [4, 40];

/** Titles of all that was resolved. */
const resolved = new Set();
/** Called for each write that is. */
let onResolved = () => {};

setStage();

const listen = () =>
  profile.context.exposeFunction("tell", (titles) => {
    for (const title of titles) resolved.add(title);
    onResolved();
  });

/** A tab with the database open; nothing is asked of the server yet. */
async function openTab() {
  const page = await openApp(profile, server);
  await page.evaluate(async () => void (globalThis.db = await app.open({ name: "sigkill", connect: false })));
  return page;
}

const connect = (page) => page.evaluate(() => db.connect().then(() => app.live(db)));

/** Writes one row, a batch of two, a transaction of three, and so on for ever; tells of each write that is resolved. Runs in the page. */
async function write(who) {
  const insert = (title) => ({ sql: "INSERT INTO todos (id, title, completed) VALUES (?, ?, ?)", params: [crypto.randomUUID(), title, false] });
  for (let n = 0; ; n++) {
    const size = 1 + (n % 3);
    const titles = Array.from({ length: size }, (_, part) => `${who}, ${n}: ${part + 1} of ${size}`);
    const statements = titles.map(insert);
    if (size === 1) await db.execute(statements[0].sql, statements[0].params);
    else if (size === 2) await db.batch(statements);
    else {
      await db.transaction(async (tx) => {
        for (const { sql, params } of statements) await tx.execute(sql, params);
      });
    }
    tell(titles);
  }
}

/** Inserts and renames as another user until that is over. */
async function writeElsewhere(over) {
  const todo = newTodo("theirs");
  await server.asOtherUser(todo);
  for (let n = 0; !over.aborted; n++) await server.asOtherUser({ operation: "update", value: { id: todo.value.id, title: `theirs ${n}` } });
}

/** Both tabs write, the server too; the browser dies when so many writes of the two are resolved. */
async function killUnderLoad(round, leader) {
  const follower = await openTab();
  await connect(leader);
  const over = new AbortController();
  let count = 0;
  const enough = new Promise((resolve) => {
    onResolved = () => ++count === FEWEST + ((round * 7) % (MOST - FEWEST)) && resolve();
  });
  const died = [leader, follower].map((page, tab) => page.evaluate(write, `round ${round} tab ${tab}`).catch(() => {}));
  const elsewhere = writeElsewhere(over.signal);
  await enough;
  await profile.kill();
  over.abort();
  await Promise.all([...died, elsewhere]);
}

/** What a tab finds: the titles of what the tabs wrote, and whether all is well. */
const find = (page) =>
  page.evaluate(async () => {
    const [{ integrity_check: integrity }] = await db.query("PRAGMA integrity_check");
    const rows = await db.query("SELECT title FROM todos WHERE title LIKE 'round %'");
    const { recovered, evicted, error } = (await db.status()).storage;
    return { titles: rows.map(({ title }) => title), sound: { integrity, problems: (await db.verify()).problems, recovered, evicted, error } };
  });

const SOUND = { integrity: "ok", problems: [], recovered: null, evicted: null, error: null };

/** All that was resolved is among the titles, each once, and no write is there in part. */
function check(titles, when) {
  const there = new Set(titles);
  assert.equal(there.size, titles.length, `${when}: something is there twice`);
  assert.deepEqual([...resolved].filter((title) => !there.has(title)), [], `${when}: resolved and lost`);
  const rest = (title) => {
    const [write, size] = title.split(/: . of /);
    return Array.from({ length: size }, (_, part) => `${write}: ${part + 1} of ${size}`);
  };
  assert.deepEqual(titles.filter((title) => !rest(title).every((part) => there.has(part))), [], `${when}: the rest of these is missing`);
}

describe("a browser that is killed under load", () => {
  it(`${KILLS} times has lost nothing, and the server has all of it once`, async (test) => {
    await listen();
    let page = await openTab();
    for (let round = 1; round <= KILLS; round++) {
      await killUnderLoad(round, page);
      await profile.start();
      await listen();
      page = await openTab();
      const { titles, sound } = await find(page);
      assert.deepEqual(sound, SOUND, `kill ${round}`);
      check(titles, `kill ${round}`);
    }
    await connect(page);
    await page.evaluate(() => app.confirmed(db));
    const there = (await server.rows()).map(({ id, title }) => ({ id, title }));
    const ours = there.map(({ title }) => title).filter((title) => title.startsWith("round "));
    check(ours, "on the server");
    const byId = (a, b) => (a.id < b.id ? -1 : 1);
    const here = await page.evaluate(() => db.query("SELECT id, title FROM todos"));
    assert.deepEqual(here.sort(byId), there.sort(byId));
    assert.ok((await server.posts()).length > KILLS, "uploads went on all the while");
    test.diagnostic(`${KILLS} kills: ${resolved.size} rows resolved, ${ours.length} written in all`);
  });
});
