// Reads, with their results as objects whose every value was touched.

import { GET, idOf, momentOf, titleOf } from "./todos.js";
import { each, timed } from "./operations.js";

const COLUMNS = "id, title, completed, created_at, write_id";

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
