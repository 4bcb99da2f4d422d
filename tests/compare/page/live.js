// Live queries, and what comes in while they run.

import { COLUMNS, UPDATE, idOf, momentOf } from "./todos.js";

const WARM_UP = 3;

/** The first so many rows in order. Row n of the result is row n of the table, as long as that has a moment for each of its rows. */
const firstRows = (length) => `SELECT ${COLUMNS} FROM todos ORDER BY created_at LIMIT ${length}`;

/** The title of a row in a result: where it is expected, else wherever it is. */
function titleIn(rows, number) {
  const id = idOf(number);
  const row = rows[number]?.id === id ? rows[number] : rows.find((row) => row.id === id);
  return row?.title;
}

/** Rows that are among the first few at any size of the table. */
const FIRST_FEW = 4;

/** Live queries over the same rows; `shown(number, title)` resolves when all of them have told that the row has this title. */
class Watching {
  #subscribers = [];
  #wanted;
  #stops = [];

  static async start(db, length, subscribers) {
    const watching = new Watching();
    await Promise.all(Array.from({ length: subscribers }, () => watching.#subscribe(db, length)));
    return watching;
  }

  #subscribe(db, length) {
    return new Promise((begun, failed) => {
      const subscriber = {};
      const onRows = (rows) => {
        begun();
        const wanted = this.#wanted;
        if (wanted?.missing.has(subscriber) && titleIn(rows, wanted.number) === wanted.title) {
          wanted.missing.delete(subscriber);
          if (wanted.missing.size === 0) wanted.resolve(performance.now());
        }
      };
      this.#subscribers.push(subscriber);
      Promise.resolve(db.live({ sql: firstRows(length), key: "id" }, onRows, failed)).then((stop) => this.#stops.push(stop), failed);
    });
  }

  /** Resolves with the moment at which the last one told. */
  shown(number, title) {
    return new Promise((resolve) => {
      this.#wanted = { number, title, missing: new Set(this.#subscribers), resolve };
    });
  }

  async stop() {
    await Promise.all(this.#stops.map((stop) => stop()));
  }
}

/**
 * From a change to the last callback that shows it: milliseconds of each of `count` changes. After `longest` milliseconds a measurement of
 * slow ones ends with those that it has; the warm-up ends after half of that.
 */
async function reactions(db, { length, subscribers, count, longest }, change) {
  const watching = await Watching.start(db, length, subscribers);
  const samples = [];
  const began = performance.now();
  for (let index = 0, warm = 0; samples.length < count; index++) {
    const elapsed = performance.now() - began;
    if (samples.length > 0 && elapsed > longest) break;
    const isWarmUp = warm < WARM_UP && elapsed < longest / 2;
    const number = index % FIRST_FEW;
    const title = `shown ${length} ${subscribers} ${index}`;
    const shown = watching.shown(number, title);
    const since = performance.now();
    const [until] = await Promise.all([shown, change(number, title)]);
    if (isWarmUp) warm++;
    else samples.push(until - since);
  }
  await watching.stop();
  return samples;
}

/** From the call of a local write to the callbacks. */
export const localReactions = (db, options) =>
  reactions(db, options, (number, title) => db.execute(UPDATE, [title, idOf(number)]));

/** From the request of another user's write to the callbacks. */
export const remoteReactions = (db, options) =>
  reactions(db, options, (number, title) => asOtherUser([{ operation: "update", value: { id: idOf(number), title } }]));

async function asOtherUser(changes) {
  const body = JSON.stringify({ changes: changes.map((change) => ({ table: "todos", write_id: crypto.randomUUID(), ...change })) });
  const response = await fetch("/test/transaction", { method: "POST", headers: { "content-type": "application/json" }, body });
  const { status } = await response.json();
  if (status !== "accepted") throw new Error(`the other user's write was ${status}`);
}

/** From the call of a local write until the server has it and its row came back. */
export async function loop(db, count) {
  const samples = [];
  await db.startSending?.();
  for (let index = -3; index < count; index++) {
    const since = performance.now();
    await db.confirmed(idOf(200 + index + 3), `confirmed ${index}`);
    if (index >= 0) samples.push(performance.now() - since);
  }
  return samples;
}

/** What the page's main thread was kept from, between `start` and `stop`. */
class Stalls {
  #frame = 1000 / 60;
  #running = true;
  blocked = 0;
  longest = 0;

  constructor() {
    let last = performance.now();
    const beat = () => {
      const now = performance.now();
      const gap = now - last;
      last = now;
      this.longest = Math.max(this.longest, gap);
      if (gap > this.#frame) this.blocked += gap - this.#frame;
      if (this.#running) setTimeout(beat, 4);
    };
    setTimeout(beat, 4);
  }

  stop() {
    this.#running = false;
    return { blocked: this.blocked, longest: this.longest };
  }
}

let storm;

/** Five live queries begin, and the watch on the main thread. `stormIsOver` tells of them once the last write shows. */
export async function beginStorm(db) {
  const told = [0, 0, 0, 0, 0];
  const firsts = stormQueries.map(
    (query, at) =>
      new Promise((begun, failed) => {
        const onRows = (rows) => {
          told[at]++;
          begun();
          if (at === 0 && rows[0]?.title === "the storm is over") storm.over(performance.now());
        };
        Promise.resolve(db.live(query, onRows, failed)).catch(failed);
      }),
  );
  storm = { told };
  storm.ended = new Promise((resolve) => (storm.over = resolve));
  await Promise.all(firsts);
  told.fill(0);
  storm.stalls = new Stalls();
  storm.began = performance.now();
}

export async function stormIsOver() {
  const until = await storm.ended;
  return { took: until - storm.began, ...storm.stalls.stop(), told: storm.told };
}

const stormQueries = [
  { sql: firstRows(100), key: "id" },
  { sql: `SELECT ${COLUMNS} FROM todos WHERE id = ?`, params: [idOf(50)], key: "id" },
  { sql: "SELECT count(*) AS n FROM todos" },
  {
    sql: `SELECT ${COLUMNS} FROM todos WHERE created_at >= ? AND created_at < ? ORDER BY created_at`,
    params: [momentOf(300), momentOf(360)],
    key: "id",
  },
  { sql: `SELECT ${COLUMNS} FROM todos ORDER BY created_at DESC LIMIT 20`, key: "id" },
];
