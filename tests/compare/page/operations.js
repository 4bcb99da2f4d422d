// What is measured within a page, on an open database: every system answers the same from the main thread.

import { DELETE, INSERT, UPDATE, idOf, rowOf } from "./todos.js";

export * from "./live.js";
export * from "./reading.js";
export * from "./syncing.js";

/** How many rows go into one transaction where a system is filled by hand. */
const LOADED_AT_ONCE = 10_000;
/** New rows get numbers from here on, which no table reaches. */
const NEW = 10_000_000;
/** Calls before the first that counts. */
const WARM_UP = 10;

/** Milliseconds a call takes. */
export async function timed(call) {
  const began = performance.now();
  await call();
  return performance.now() - began;
}

/** Milliseconds of so many calls, one after the other, after a few that do not count. */
export async function each(count, call, warmUp = WARM_UP) {
  const [samples] = await inTurn(count, [call], warmUp);
  return samples;
}

/** The same of several calls in turn, so that whatever slows one down slows down the others: a list of samples for each. */
export async function inTurn(count, calls, warmUp = WARM_UP) {
  const samples = calls.map(() => []);
  for (let index = -warmUp; index < count; index++) {
    for (const [at, call] of calls.entries()) {
      const took = await timed(() => call(index + warmUp));
      if (index >= 0) samples[at].push(took);
    }
  }
  return samples;
}

const range = (from, to) => Array.from({ length: to - from }, (_, index) => from + index);

/** Rows that are there without anyone having written them here: synced where there is sync. */
export async function load(db, from, to) {
  if (db.load) return db.load(from, to);
  for (let at = from; at < to; at += LOADED_AT_ONCE) {
    await db.batch(INSERT, range(at, Math.min(at + LOADED_AT_ONCE, to)).map(rowOf));
  }
}

/** One-row writes, each awaited: milliseconds a call. Rows that are inserted are new; those that are changed or go are others. */
export async function writes(db, count) {
  const rows = range(0, count + WARM_UP).map((index) => rowOf(NEW + index));
  const inserted = await each(count, (index) => db.execute(INSERT, rows[index]));
  const updated = await each(count, (index) => db.execute(UPDATE, [`changed ${index}`, idOf(1000 + index)]));
  const deleted = await each(count, (index) => db.execute(DELETE, [idOf(5000 + index)]));
  return { inserted, updated, deleted };
}

/** One-row updates alone, after so many that do not count. */
export const updates = (db, count, warmUp = WARM_UP) =>
  each(count, (index) => db.execute(UPDATE, [`changed ${index}`, idOf(1000 + index)]), warmUp);

/** One-row inserts alone, each of them counted. */
export const inserts = (db, count) => each(count, (index) => db.execute(INSERT, rowOf(NEW + index)), 0);

/** So many inserts in one transaction. */
export function batch(db, count) {
  const rows = range(0, count).map((index) => rowOf(2 * NEW + index));
  return timed(() => db.batch(INSERT, rows));
}

/** The same into a table without view, triggers and log, in the same engine; null where there is no such table. */
export async function bareBatch(db, count) {
  if (!db.createBare) return null;
  await db.createBare();
  const rows = range(0, count).map((index) => rowOf(2 * NEW + index));
  return timed(() => db.batch(INSERT.replace("todos", "bare"), rows));
}

/** Writes to every so-and-so-many-th row, so that they have a shadow row where there are shadow rows. */
export async function shade(db, rows, count) {
  for (let index = 0; index < count; index++) {
    const number = Math.floor((rows / count) * index) + 7;
    await db.execute(UPDATE, [`shaded ${number}`, idOf(number)]);
  }
}

/** What the settings really are. */
export const settings = (db) => db.settings?.() ?? {};

/** A figure of all rows in order, the same for equal tables: of values as they mean, however a system spells them. */
export async function checksum(db) {
  const rows = await db.query("SELECT id, title, completed, created_at FROM todos ORDER BY id");
  let hash = 0x811c9dc5;
  const add = (text) => {
    for (let at = 0; at < text.length; at++) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  };
  for (const { id, title, completed, created_at } of rows) {
    add(`${id}|${title}|${Number(completed)}|${spelled(created_at)}\n`);
  }
  return `${rows.length}:${(hash >>> 0).toString(16).padStart(8, "0")}`;
}

const spelled = (moment) =>
  moment instanceof Date ? moment.toISOString().replace("T", " ").replace(".000Z", "+00") : moment;
