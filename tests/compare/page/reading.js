// Reads, with their results as objects whose every value was touched.

import { COLUMNS, GET, idOf, momentOf } from "./todos.js";
import { each, inTurn } from "./operations.js";

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

/** What is asked of a table of so many rows: a call for each question, which takes how many times it was called before. */
function questionsOf(db, rows, todos) {
  const columns = COLUMNS.split(", ").map((name) => `t.${name}`).join(", ");
  const asks = (sql, length, params = () => []) => async (index) => expect(await db.query(sql, params(index)), length);
  // The moments repeat after a day: from here to the end of the rows each is there once.
  const moment = (index) => 60_000 + 101 * (index % 30);
  return {
    get: asks(`SELECT ${columns} FROM ${todos} AS t WHERE t.id = ?`, 1, (index) => [idOf((index * 97) % rows)]),
    top50: asks(`SELECT ${columns} FROM ${todos} AS t ORDER BY t.created_at LIMIT 50`, 50),
    range: asks(`SELECT ${columns} FROM ${todos} AS t WHERE t.created_at >= ? AND t.created_at < ?`, 100, (index) => [
      momentOf(moment(index)),
      momentOf(moment(index) + 100),
    ]),
    join: asks(`SELECT ${columns}, p.note FROM picks AS p JOIN ${todos} AS t ON t.id = p.id`, 100),
    count: asks(`SELECT count(*) AS n FROM ${todos} AS t`, 1),
    scan: asks(`SELECT count(*) AS n, sum(length(t.title)) AS length FROM ${todos} AS t WHERE t.completed = ${db.true ?? "1"}`, 1),
  };
}

/**
 * Each question so many times: milliseconds of each call by question and table, `todos` and, where there is one and it is wanted, `synced`,
 * the table under the view.
 */
export async function questions(db, rows, { quick, slow, synced }) {
  const tables = { todos: "todos", ...(synced && db.synced && { synced: db.synced }) };
  const calls = Object.values(tables).map((table) => questionsOf(db, rows, table));
  const samples = {};
  for (const question of Object.keys(calls[0])) {
    const count = ["count", "scan"].includes(question) ? slow : quick;
    const all = await inTurn(count, calls.map((of) => of[question]));
    samples[question] = Object.fromEntries(Object.keys(tables).map((table, at) => [table, all[at]]));
  }
  return samples;
}
