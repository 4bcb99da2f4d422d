// Reads, with their results as objects whose every value was touched.

import { GET, idOf, momentOf } from "./todos.js";
import { each } from "./operations.js";

const COLUMNS = "id, title, completed, created_at, write_id";
export const LIVE_COLUMNS = COLUMNS;

/** Touches every value: rows that are built when they are read are built then. */
function touched(rows) {
  let values = 0;
  for (const row of rows) for (const name in row) if (row[name] !== undefined) values++;
  return values;
}

const expect = (rows, count) => {
  touched(rows);
  if (rows.length !== count) throw new Error(`${rows.length} rows instead of ${count}`);
  return rows;
};

/** Point lookups one after the other: milliseconds of each. */
export async function gets(db, rows, count) {
  const step = Math.max(1, Math.floor(rows / (count + 10)));
  return each(count, async (index) => {
    const number = (index * step) % rows;
    const [row] = expect(await db.query(GET, [idOf(number)]), 1);
    if (row.id !== idOf(number)) throw new Error(`got ${row.id}`);
  });
}

/** A list of so many rows from somewhere in the table, and so many times. */
export const lists = (db, length, count) =>
  each(count, async (index) => {
    const from = momentOf(60 * (index % 10));
    expect(await db.query(`SELECT ${COLUMNS} FROM todos WHERE created_at >= ? ORDER BY created_at LIMIT ${length}`, [from]), length);
  });

/** A table `picks` of so many ids out of so many rows, for the join. */
export async function prepareJoin(db, rows, count) {
  if (!db.createPicks) throw new Error("it has no other table to join with");
  await db.createPicks();
  for (let index = 0; index < count; index++) {
    const number = Math.floor((rows / count) * index) + 3;
    await db.execute("INSERT INTO picks (id, note) VALUES (?, ?)", [idOf(number), `note ${index}`]);
  }
}

/** The same questions to the view, or to the synced table under it where there is one: milliseconds of each call, else null. */
export async function questions(db, rows, count, table) {
  const todos = table === "synced" ? db.synced : "todos";
  if (!todos) return null;
  const columns = COLUMNS.split(", ").map((name) => `t.${name}`).join(", ");
  const one = (sql, length) => async (params) => expect(await db.query(sql, params), length);
  const get = one(`SELECT ${columns} FROM ${todos} AS t WHERE t.id = ?`, 1);
  const top50 = one(`SELECT ${columns} FROM ${todos} AS t ORDER BY t.created_at LIMIT 50`, 50);
  const range = `SELECT ${columns} FROM ${todos} AS t WHERE t.created_at >= ? AND t.created_at < ?`;
  const join = one(`SELECT ${columns}, p.note FROM picks AS p JOIN ${todos} AS t ON t.id = p.id`, 100);
  const total = one(`SELECT count(*) AS n FROM ${todos} AS t`, 1);
  const scan = one(`SELECT count(*) AS n, sum(length(t.title)) AS length FROM ${todos} AS t WHERE t.completed = ${db.true ?? "1"}`, 1);
  const asked = async (call, times = count) => each(times, call);
  return {
    get: await asked((index) => get([idOf((index * 97) % rows)]), 5 * count),
    top50: await asked(() => top50([])),
    // The moments repeat after a day: from here to the end of the rows each is there once.
    range: await asked(async (index) => {
      const from = 60_000 + 101 * (index % 30);
      expect(await db.query(range, [momentOf(from), momentOf(from + 100)]), 100);
    }),
    join: await asked(() => join([])),
    count: await asked(() => total([])),
    scan: await asked(() => scan([])),
  };
}
