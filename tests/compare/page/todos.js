// The table that all systems have, and its rows: those that the backend fills a table with, by the same formula.

const WORDS =
  "lorem ipsum dolor sit amet consectetur adipiscing elit sed do eiusmod tempor incididunt ut labore " +
  "et dolore magna aliqua ut enim ad minim veniam quis nostrud exercitation ullamco laboris nisi ut aliquip ex ea ";
const TITLE_LENGTH = 91;

const two = (number) => String(number).padStart(2, "0");

export const idOf = (number) => `00000000-0000-4000-8000-${(number + 1).toString(16).padStart(12, "0")}`;
export const titleOf = (number) => `${number + 1} ${WORDS}`.slice(0, TITLE_LENGTH);
export const momentOf = (number) =>
  `2026-01-01 ${two(Math.floor(number / 3600) % 24)}:${two(Math.floor(number / 60) % 60)}:${two(number % 60)}+00`;

/** Row `number`, counted from 0, as parameters of {@link INSERT}. */
export const rowOf = (number) => [idOf(number), titleOf(number), number % 2 === 1, momentOf(number)];

export const INSERT = "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)";
export const UPDATE = "UPDATE todos SET title = ? WHERE id = ?";
export const DELETE = "DELETE FROM todos WHERE id = ?";
export const COLUMNS = "id, title, completed, created_at, write_id";
export const GET = `SELECT ${COLUMNS} FROM todos WHERE id = ?`;

/** The row that a new database gets first. */
export const FIRST = rowOf(0);

/** A bare table of SQLite with what every system's table has. */
export const CREATE_BARE = [
  `CREATE TABLE IF NOT EXISTS todos (
    id TEXT PRIMARY KEY NOT NULL, title TEXT NOT NULL, completed INTEGER NOT NULL, created_at TEXT NOT NULL,
    write_id TEXT DEFAULT (lower(hex(randomblob(16))))
  )`,
  "CREATE INDEX IF NOT EXISTS todos_created_at ON todos (created_at)",
];
