// What every page does before its first row: as little as an app would.

import { FIRST, GET, INSERT } from "./todos.js";

/** Makes `compare`: the way into a page from outside. The operations come when the first is asked for, after the first row. */
export function start(open, variant, operations) {
  let db;
  const opened = async (options) => {
    db = await open({ variant, ...options });
  };
  const first = {
    /** A new database: made, written to, read. */
    async cold() {
      await opened({ isNew: true });
      await db.execute(INSERT, FIRST);
      await firstRow();
    },
    /** One that is there. */
    async warm() {
      await opened({});
      await firstRow();
    },
  };
  const firstRow = async () => {
    const rows = await db.query(GET, [FIRST[0]]);
    if (rows[0]?.title !== FIRST[1]) throw new Error(`the first row is ${JSON.stringify(rows)}`);
  };
  const kind = location.hash.slice(1);
  globalThis.compare = {
    open: opened,
    get db() {
      return db;
    },
    /** Milliseconds from the navigation to the first row. */
    first: first[kind]?.().then(() => performance.now()),
    run: async (name, args) => (await operations())[name](db, ...args),
  };
}
