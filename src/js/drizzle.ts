/**
 * Drizzle: queries and transactions over an open database, and live queries of what it builds.
 *
 * @packageDocumentation
 */

import { TransactionRollbackError, type DrizzleConfig } from "drizzle-orm";
import { drizzle as remote, type SqliteRemoteDatabase } from "drizzle-orm/sqlite-proxy";
import type { Database } from "./client.js";
import type { ThroughlineError } from "./errors.js";
import type { LiveResult } from "./live.js";
import type { WireReplies, WireStatement } from "./messages.js";
import { toRows } from "./rows.js";
import { toWire } from "./sql.js";
import type { Transaction, TransactionOptions } from "./transaction.js";
import type { SqlInput } from "./values.js";
import type { Written } from "./written.js";

/** What a transaction's callback gets. */
export type DrizzleTransaction<Schema extends Record<string, unknown>> = Omit<DrizzleDatabase<Schema>, "transaction" | "batch"> & {
  /** Rolls back and rejects. @throws TransactionRollbackError */
  rollback(): never;
};

/** Drizzle's database, its transactions those of Throughline. */
export type DrizzleDatabase<Schema extends Record<string, unknown>> = Omit<SqliteRemoteDatabase<Schema>, "transaction"> & {
  /** Runs a callback in one local transaction; see `transaction` of the database. They do not nest. */
  transaction<T>(callback: (tx: DrizzleTransaction<Schema>) => Promise<T>, options?: TransactionOptions): Written<T>;
};

type Method = "run" | "all" | "values" | "get";
type Run = (sql: string, params: readonly unknown[], method: Method) => Promise<{ rows: any[] }>;
type Ask = <Type extends "query" | "execute">(request: { type: Type } & WireStatement) => Promise<WireReplies[Type]>;

/**
 * Drizzle over an open database. The tables are those that sync makes: declare them by `sqliteTable` to have their types.
 *
 * @example
 * ```ts
 * const todos = sqliteTable("todos", { id: text().primaryKey(), title: text(), completed: integer({ mode: "boolean" }) });
 * const drizzled = drizzle(db, { schema: { todos } });
 * const open = await drizzled.select().from(todos).where(eq(todos.completed, false));
 * ```
 */
export function drizzle<Schema extends Record<string, unknown> = Record<string, never>>(
  database: Database<any>,
  config: DrizzleConfig<Schema> = {},
): DrizzleDatabase<Schema> {
  const { rpc } = database as unknown as { rpc: { request: Ask } };
  const within = (tx: Transaction<any>) => runBy((request) => tx.run(request));
  const drizzled = remote<Schema>(
    runBy((request) => rpc.request(request)),
    (queries) =>
      database.transaction(async (tx) => {
        const results = [];
        for (const { sql, params, method } of queries) results.push(await within(tx)(sql, params, method));
        return results;
      }),
    config,
  );
  const transaction = <T>(callback: (tx: DrizzleTransaction<Schema>) => Promise<T>, options?: TransactionOptions): Written<T> =>
    database.transaction((tx) => {
      const inside = remote<Schema>(within(tx), config);
      const nested = () => {
        throw new Error("transactions do not nest");
      };
      const rollback = () => {
        throw new TransactionRollbackError();
      };
      return callback(Object.assign(inside, { transaction: nested, batch: nested, rollback }) as unknown as DrizzleTransaction<Schema>);
    }, options);
  return Object.assign(drizzled, { transaction }) as unknown as DrizzleDatabase<Schema>;
}

/** What Drizzle built and {@link live} runs: a select, or a relational query. */
export interface LiveBuilt<R> {
  prepare(): { execute(placeholders?: Record<string, unknown>): Promise<R> };
}

/** As a live query of the database, with rows as Drizzle maps them. */
export interface LiveDrizzle<R> {
  /** Calls back with the result, soon and after each change, until the function it returns is called. */
  subscribe(onChange: (result: LiveResult<R>) => void, onError?: (error: ThroughlineError) => void): () => void;
}

/** What is used of a prepared query besides its declared methods. */
interface Prepared {
  getQuery(): { sql: string; params: unknown[] };
  fields?: { path: string[] }[];
  mapAllResult(rows: unknown[][]): unknown;
}

/**
 * A live query of what Drizzle built, with its row type. A row that did not change is the same object as the last time.
 *
 * @example
 * ```ts
 * const latest = live(db, drizzled.select().from(todos).orderBy(todos.id).limit(50), { key: "id" });
 * latest.subscribe(({ rows }) => render(rows));
 * ```
 */
export function live<R>(database: Database<any>, query: LiveBuilt<R[]>, options: { key?: keyof R & string } = {}): LiveDrizzle<R> {
  const prepared = query.prepare() as unknown as Prepared;
  const { sql, params } = prepared.getQuery();
  const { fields } = prepared;
  // By number, since columns of a join may share their names; by name where each has its own.
  const place = (name: string) => (fields ? String(fields.findIndex(({ path }) => path.join(".") === name)) : name);
  const names = fields?.map((_, index) => `"${index}"`).join();
  const text = names === undefined ? sql : `WITH built(${names}) AS (${sql}) SELECT * FROM built`;
  const result = database.live({ sql: text, params: params as SqlInput[] }, options.key === undefined ? {} : { key: place(options.key) });
  const mapped = new WeakMap<object, R>();
  const map = (row: object): R => {
    let one = mapped.get(row);
    if (one === undefined) mapped.set(row, (one = ([prepared.mapAllResult([Object.values(row)])].flat() as R[])[0] as R));
    return one;
  };
  return {
    subscribe: (onChange, onError) =>
      result.subscribe(
        ({ rows, changes: { inserted, updated, deleted } }) =>
          onChange({ rows: rows.map(map), changes: { inserted: inserted.map(map), updated: updated.map(map), deleted: deleted.map(map) } }),
        onError,
      ),
  };
}

/** Drizzle reads rows as lists of values: of a join both columns of one name. */
function runBy(ask: Ask): Run {
  return async (sql, params, method) => {
    const statement = toWire({ sql, params: params as readonly SqlInput[] });
    const isRead = method !== "run" && /^\s*(select|values)\b/i.test(sql);
    const bytes = isRead ? await ask({ type: "query", ...statement }) : (await ask({ type: "execute", ...statement })).rows;
    const sources = new WeakMap<object, readonly unknown[]>();
    const rows = toRows<object>(bytes, () => ({ sources })).map((row) => sources.get(row));
    return { rows: method === "get" ? (rows[0] as any) : rows };
  };
}
