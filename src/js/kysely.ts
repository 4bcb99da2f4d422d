/**
 * Kysely: a dialect, and live queries of what it builds.
 *
 * @packageDocumentation
 */

import {
  SelectQueryNode,
  SqliteAdapter,
  SqliteIntrospector,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type Kysely,
  type QueryResult,
} from "kysely";
import type { Database } from "./client.js";
import type { LiveOptions, LiveQuery } from "./live.js";
import type { Transaction } from "./transaction.js";
import type { SqlInput } from "./values.js";

/**
 * Queries and transactions on an open database. `destroy()` leaves the database open: who opened it closes it.
 *
 * @example
 * ```ts
 * const kysely = new Kysely<Schema>({ dialect: new ThroughlineDialect(db) });
 * const open = await kysely.selectFrom("todos").selectAll().where("completed", "=", false).execute();
 * ```
 */
export class ThroughlineDialect implements Dialect {
  readonly #database: Database<any>;

  constructor(database: Database<any>) {
    this.#database = database;
  }

  createDriver(): Driver {
    return new ThroughlineDriver(this.#database);
  }

  createQueryCompiler(): SqliteQueryCompiler {
    return new SqliteQueryCompiler();
  }

  createAdapter(): SqliteAdapter {
    return new SqliteAdapter();
  }

  createIntrospector(kysely: Kysely<any>): SqliteIntrospector {
    return new SqliteIntrospector(kysely);
  }
}

/**
 * A live query of what Kysely built, with its row type.
 *
 * @example
 * ```ts
 * const todos = live(db, kysely.selectFrom("todos").selectAll().orderBy("created_at"), { key: "id" });
 * todos.subscribe(({ rows }) => render(rows));
 * ```
 */
export function live<R>(database: Database<any>, query: { compile(): CompiledQuery<R> }, options?: LiveOptions<NoInfer<R>>): LiveQuery<R> {
  const compiled = query.compile();
  return database.live({ sql: compiled.sql, params: paramsOf(compiled) }, options as LiveOptions<any>) as unknown as LiveQuery<R>;
}

/** The database runs one statement at a time and one transaction, so a connection is no more than a place to keep that. */
class ThroughlineDriver implements Driver {
  readonly #database: Database<any>;

  constructor(database: Database<any>) {
    this.#database = database;
  }

  async init(): Promise<void> {}

  async acquireConnection(): Promise<DatabaseConnection> {
    return new Connection(this.#database);
  }

  beginTransaction(connection: Connection): Promise<void> {
    return connection.begin();
  }

  commitTransaction(connection: Connection): Promise<void> {
    return connection.commit();
  }

  rollbackTransaction(connection: Connection): Promise<void> {
    return connection.rollback();
  }

  async releaseConnection(): Promise<void> {}

  async destroy(): Promise<void> {}
}

/** Makes a callback that is running end, so that its transaction does. */
interface Running {
  transaction: Transaction<any>;
  commit(): void;
  rollback(reason: unknown): void;
  over: Promise<unknown>;
}

const ROLLED_BACK = Symbol("rolled back");

class Connection implements DatabaseConnection {
  readonly #database: Database<any>;
  #running: Running | undefined;

  constructor(database: Database<any>) {
    this.#database = database;
  }

  begin(): Promise<void> {
    return new Promise((begun, failed) => {
      const over: Promise<unknown> = this.#database.transaction(
        (transaction) =>
          new Promise<void>((commit, rollback) => {
            this.#running = { transaction, commit, rollback, over };
            begun();
          }),
      );
      over.catch(failed);
    });
  }

  async commit(): Promise<void> {
    const running = this.#end();
    running?.commit();
    await running?.over;
  }

  async rollback(): Promise<void> {
    const running = this.#end();
    running?.rollback(ROLLED_BACK);
    await running?.over.catch((error: unknown) => {
      if (error !== ROLLED_BACK) throw error;
    });
  }

  async executeQuery<R>(compiled: CompiledQuery): Promise<QueryResult<R>> {
    const target = this.#running?.transaction ?? this.#database;
    const params = paramsOf(compiled);
    if (SelectQueryNode.is(compiled.query)) return { rows: await target.query<R>(compiled.sql, params) };
    const { rows, rowsAffected } = await target.execute<R>(compiled.sql, params);
    return { rows, numAffectedRows: BigInt(rowsAffected) };
  }

  /** The whole result at once: it crosses from the worker in one message. */
  async *streamQuery<R>(compiled: CompiledQuery): AsyncIterableIterator<QueryResult<R>> {
    yield await this.executeQuery<R>(compiled);
  }

  #end(): Running | undefined {
    const running = this.#running;
    this.#running = undefined;
    return running;
  }
}

function paramsOf(compiled: CompiledQuery): readonly SqlInput[] {
  return compiled.parameters as readonly SqlInput[];
}
