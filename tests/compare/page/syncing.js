// Sync with the server, and several tabs.

import { GET, INSERT, UPDATE, idOf, rowOf } from "./todos.js";
import { each } from "./operations.js";

/** Opens the database and loads the server's rows: milliseconds until all of them can be counted. */
export async function firstSync(_, rows) {
  const began = performance.now();
  await globalThis.compare.open({ isNew: true, sync: true });
  const { db } = globalThis.compare;
  const opened = performance.now() - began;
  await db.sync();
  const [{ n }] = await db.query("SELECT count(*) AS n FROM todos");
  const took = performance.now() - began;
  if (Number(n) !== rows) throw new Error(`${n} rows instead of ${rows}`);
  return { took, opened };
}

/** Whether local writes go into what was synced; from now on without the server, which would have a part in each. */
export async function takesWrites(db) {
  if (!db.execute) return false;
  await db.disconnect?.();
  return true;
}

/** So many transactions of one insert each, while there is no connection. */
export async function fillOutbox(db, count) {
  await db.disconnect();
  const writes = Array.from({ length: count }, (_, index) => db.execute(INSERT, rowOf(20_000_000 + index)));
  await Promise.all(writes);
}

/** Milliseconds until the server has all of them and they came back. */
export async function drain(db) {
  const began = performance.now();
  await db.connect();
  await db.drained();
  return performance.now() - began;
}

/** Point lookups, to compare a tab that has the database with one that asks another tab for it. */
export const lookups = (db, count) =>
  each(count, async (index) => {
    const [row] = await db.query(GET, [idOf(index)]);
    if (row.id !== idOf(index)) throw new Error(`got ${row?.id}`);
  });

let gaps;

/** Writes one after the other until `longestGap`, each tried again until it is done, as an app would. */
export function beginWriting(db) {
  gaps = { longest: 0, running: true, writes: 0 };
  gaps.ended = (async () => {
    while (gaps.running) {
      const began = performance.now();
      await persistently(() => db.execute(UPDATE, [`written ${gaps.writes}`, idOf(3)]));
      gaps.writes++;
      gaps.longest = Math.max(gaps.longest, performance.now() - began);
    }
  })();
}

async function persistently(call) {
  for (;;) {
    try {
      return await call();
    } catch (error) {
      if (!gaps.running) throw error;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
  }
}

/** How many writes were done so far. */
export const written = () => gaps.writes;

export async function longestGap() {
  gaps.running = false;
  await gaps.ended;
  return gaps.longest;
}
