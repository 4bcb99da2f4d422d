// Compiled, never run: `open` is generic over the tables, and what it infers is part of the API.

import {
  databases,
  deleteDatabase,
  open,
  sql,
  toDate,
  type Database,
  type DatabaseInfo,
  type LiveQuery,
  type OpenOptions,
  type Row,
  type RowsOf,
  type TableOptions,
} from "../../src/js/index.js";

interface Todo {
  id: string;
  title: string;
  completed: boolean;
}

export async function typed() {
  const db = await open<{ todos: Todo }>({
    name: "app",
    tables: { todos: { primaryKey: ["id"], indexes: ["title", ["completed", "title"]], columns: { id: "uuid" } } },
  });
  const todos: Todo[] = await db.query<"todos">("SELECT * FROM todos WHERE completed = ?", [false]);
  const counts: { n: number }[] = await db.query<{ n: number }>(sql`SELECT count(*) AS n FROM todos`);
  const rows: Row[] = await db.query("SELECT 1");
  const live: LiveQuery<Todo> = db.live<"todos">(sql`SELECT * FROM todos`, { key: "id" });
  const title: string = await db.transaction(async (tx) => (await tx.query<"todos">("SELECT * FROM todos"))[0]?.title ?? "");
  const inserted: Todo[] = (await db.execute<"todos">("INSERT INTO todos (id) VALUES (?) RETURNING *", ["a"])).rows;

  // @ts-expect-error a key is a column of the result
  db.live<"todos">("SELECT * FROM todos", [], { key: "nope" });
  // @ts-expect-error an object has no place in SQL
  db.query("SELECT ?", [{}]);
  // @ts-expect-error an index is on a column of the table
  await open<{ todos: Todo }>({ name: "app", tables: { todos: { indexes: ["nope"] } } });
  // @ts-expect-error each table is declared
  await open<{ todos: Todo }>({ name: "app", tables: {} });
  // @ts-expect-error events have names
  db.on("refused", () => {});
  await db.setShape("todos", { where: "a = $1 AND b = $2", params: [1, true], replica: "full", group: "g" }, { name: "mine" });
  await db.removeShape("todos", { name: "mine", purge: true });
  const loaded: number = await db.loadSubset("todos", { params: { 1: "a" }, where: "a = $1" }, { signal: AbortSignal.timeout(1000) });
  const waiting = { signal: AbortSignal.timeout(1000), timeout: 1000 };
  const file: Blob = new Blob([await db.export(waiting)]);
  await db.import(file, waiting);
  await db.transaction(() => {}, { ...waiting, meta: { label: "none" } });
  await db.query("SELECT 1", [], waiting);
  await db.close(waiting);
  db.on("recovered", (recovery) => recovery);
  const stored: DatabaseInfo[] = await databases();
  for (const { name, inUse } of stored) if (!inUse) await deleteDatabase(name);
  // @ts-expect-error a time-out is in milliseconds
  db.query("SELECT 1", [], { timeout: "1s" });
  // @ts-expect-error durability is strict or relaxed
  await open({ name: "app", tables: {}, durability: "some" });
  // @ts-expect-error only declared tables have shapes
  db.setShape("nope", {});
  // @ts-expect-error a param is text, a number or a boolean
  db.setShape("todos", { params: [null] });
  // @ts-expect-error a log is full or changes_only
  db.setShape("todos", { log: "some" });
  return { todos, counts, rows, live, title, inserted, loaded };
}

export async function parsed() {
  const db = await open<{ todos: { at: Date; big: bigint } }>({
    name: "app",
    tables: { todos: {} },
    parsers: {
      timestamptz: toDate,
      int8: BigInt,
      bool: Boolean,
      jsonb: JSON.parse,
      float8: Number,
      numeric: (text) => text.length,
      bytea: (bytes) => bytes.byteLength,
      mood: (label) => String(label),
      "int4[]": JSON.parse,
      "todos.meta": JSON.parse,
    },
  });
  // @ts-expect-error a parser of numbers cannot take text
  await open({ name: "app", tables: {}, parsers: { uuid: (n: number) => n } });
  // @ts-expect-error a parser is a function
  await open({ name: "app", tables: {}, parsers: { mood: "text" } });
  return (await db.query<"todos">("SELECT * FROM todos"))[0]?.at.getTime();
}

export async function untyped() {
  const db = await open({ name: "app", tables: { todos: { indexes: ["created_at"] } } });
  const rows: Row[] = await db.query("SELECT * FROM todos");
  db.live("SELECT * FROM todos", [], { key: ["list", "id"] });
  return rows;
}

export async function inferred() {
  const tables = {
    todos: {
      columns: {
        id: "uuid",
        title: "text",
        done: { type: "boolean", notNull: true },
        rank: "double precision",
        size: "bigint",
        price: "numeric(10, 2)",
        at: "timestamp with time zone",
        tags: "text[]",
        bytes: "bytea",
      },
      primaryKey: ["id"],
      indexes: ["title", ["done", "rank"]],
    },
    lists: { indexes: ["name"] },
  } as const;
  const db = await open({ name: "app", tables, parsers: { timestamptz: toDate, "todos.tags": (text: string): string[] => JSON.parse(text) } });
  const [todo] = await db.query<"todos">("SELECT * FROM todos");
  type Expected = {
    id: string;
    title: string | null;
    done: boolean;
    rank: number | string | null;
    size: number | bigint | null;
    price: string | null;
    at: Date | null;
    tags: string[] | null;
    bytes: Uint8Array | null;
  };
  const exact: Same<typeof todo, Expected | undefined> = true;
  const anything: Same<RowsOf<typeof tables>["lists"], Row> = true;
  const inPlace = await open({ name: "app", tables: { todos: { columns: { id: "int4", title: "varchar(20)" }, primaryKey: ["id"] } } });
  const live: LiveQuery<{ id: number; title: string | null }> = inPlace.live<"todos">("SELECT * FROM todos", [], { key: "id" });
  await inPlace.setShape("todos", {});
  // @ts-expect-error only declared tables have shapes
  await inPlace.setShape("lists", {});
  // @ts-expect-error a key is a column of the result
  inPlace.live<"todos">("SELECT * FROM todos", [], { key: "nope" });
  // @ts-expect-error an index is on a declared column
  await open({ name: "app", tables: { todos: { columns: { id: "int4" }, primaryKey: ["id"], indexes: ["nope"] } } });
  // @ts-expect-error so is a primary key
  await open({ name: "app", tables: { todos: { columns: { id: "int4" }, primaryKey: ["nope"] } } });

  const named: OpenOptions<{ todos: Todo }> = { name: "app", tables: { todos: {} } };
  const todos: Todo[] = await (await open(named)).query<"todos">("SELECT * FROM todos");
  const dynamic: Record<string, TableOptions> = {};
  const any: Database = await open({ name: "app", tables: dynamic });
  const passed: Database<any> = inPlace;
  return { exact, anything, live, todos, any, passed };
}

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
