import { ofCalls } from "../harness/statistics.mjs";

const ROWS = 10_000;
const BATCH = 10_000;

/** Calls as an app makes them all day, on a table of 10,000 rows. */
export const small = {
  id: "small",
  title: "Reads and writes at 10k rows",
  measures: {
    get: { title: "point get", unit: "ms" },
    list: { title: "list of 100 rows", unit: "ms" },
    rows: { title: "5,000 rows as objects", unit: "ms" },
    insert: { title: "insert of one row, durable", unit: "ms", tail: true },
    update: { title: "update of one row, durable", unit: "ms", tail: true },
    delete: { title: "delete of one row, durable", unit: "ms", tail: true },
    batch: { title: "10k inserts in one transaction", unit: "ms" },
    bareBatch: { title: "10k inserts in one transaction, bare table of the same engine", unit: "ms" },
  },
  async run(session) {
    const few = session.options.quick;
    await session.open({ isNew: true });
    await session.load(0, ROWS);
    const get = ofCalls(await session.run("gets", ROWS, 1000));
    const list = ofCalls(await session.run("lists", 100, few ? 20 : 50));
    const rows = ofCalls(await session.run("lists", 5000, few ? 5 : 10));
    const { inserted, updated, deleted } = await session.run("writes", 100);
    const batch = await session.run("batch", BATCH);
    const bareBatch = await session.run("bareBatch", BATCH);
    const checks = { rows: await session.run("checksum") };
    const measures = { get, list, rows, insert: ofCalls(inserted), update: ofCalls(updated), delete: ofCalls(deleted), batch, bareBatch };
    return { measures, checks, settings: await session.run("settings") };
  },
};
