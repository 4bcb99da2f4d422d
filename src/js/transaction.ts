import { abortable, type Waiting } from "./abort.js";
import { transactionClosedError } from "./errors.js";
import type { WireReplies, WireRequest, WireStatement } from "./messages.js";
import type { RowOf } from "./options.js";
import type { ResultReader } from "./parsers.js";
import type { Executed } from "./rows.js";
import type { Rpc } from "./rpc.js";
import { readArguments, sql, type SqlTag, type Statement } from "./sql.js";
import { encodeMeta, type Row, type SqlInput } from "./values.js";

/** What a transaction takes besides its statements. */
export interface TransactionOptions extends Waiting {
  /** Kept with the transaction, sent along with it and told in its events; anything JSON holds. */
  meta?: unknown;
}

/** Asks the worker that the transaction is in. */
type Ask = <Request extends WireRequest>(request: Request) => Promise<WireReplies[Request["type"]]>;

/** An interactive transaction; it ends with the callback it was given to. */
export class Transaction<Tables extends object> {
  /** The same tag as `db.sql`. */
  readonly sql: SqlTag = sql;
  readonly #reader: ResultReader;
  readonly #id: number;
  readonly #ask: Ask;
  readonly #running = new Set<Promise<unknown>>();
  #over = false;

  /** @internal */
  constructor(reader: ResultReader, id: number, ask: Ask) {
    this.#reader = reader;
    this.#id = id;
    this.#ask = ask;
  }

  /**
   * As `db.query`, inside the transaction.
   *
   * @example
   * ```ts
   * const [list] = await tx.query("SELECT id FROM lists WHERE name = ?", [name]);
   * ```
   */
  async query<R = Row>(statement: string | Statement, params?: readonly SqlInput[]): Promise<RowOf<Tables, R>[]> {
    const [wire] = readArguments(statement, params, undefined);
    return this.#reader.rows(await this.run({ type: "query", ...this.#reader.asking(wire) }));
  }

  /**
   * As `db.execute`, inside the transaction.
   *
   * @example
   * ```ts
   * await tx.execute(tx.sql`DELETE FROM todos WHERE list_id = ${id}`);
   * ```
   */
  async execute<R = Row>(statement: string | Statement, params?: readonly SqlInput[]): Promise<Executed<RowOf<Tables, R>>> {
    const [wire] = readArguments(statement, params, undefined);
    return this.#reader.executed(await this.run({ type: "execute", ...this.#reader.asking(wire) }));
  }

  /** Takes no more statements; waits for those under way and throws if one of them failed. @internal */
  async end(): Promise<void> {
    this.#over = true;
    for (const settled of await Promise.allSettled(this.#running)) {
      if (settled.status === "rejected") throw settled.reason;
    }
  }

  /** Runs one statement and gives its reply as it came. @internal */
  run<Type extends "query" | "execute">(request: { type: Type } & WireStatement): Promise<WireReplies[Type]> {
    if (this.#over) throw transactionClosedError();
    const running = this.#ask({ ...request, transaction: this.#id }) as Promise<WireReplies[Type]>;
    this.#running.add(running);
    running.then(
      () => this.#running.delete(running),
      () => this.#running.delete(running),
    );
    return running;
  }
}

/** What a callback returned, and the idempotency key of its transaction. */
export interface Committed<T> {
  result: T;
  transaction: string | null;
}

/** Begins, runs the callback, commits; rolls back if anything of it fails or takes too long. */
export function runTransaction<Tables extends object, T>(
  rpc: Rpc,
  reader: ResultReader,
  callback: (transaction: Transaction<Tables>) => T | Promise<T>,
  { meta, ...waiting }: TransactionOptions,
): Promise<Committed<T>> {
  return abortable(waiting, async (signal) => {
    const encoded = encodeMeta(meta);
    const deadline = performance.now() + (waiting.timeout ?? Infinity);
    // Not given up with the signal: one that was begun must be rolled back, so its number is waited for.
    const { transaction: number } = await rpc.request({ type: "begin", ...encoded });
    const { life } = rpc;
    // A statement that still runs when the time of the whole is up is interrupted.
    const ask: Ask = (request) => rpc.request(request, { signal, timeout: Math.max(0, deadline - performance.now()) }, life);
    const transaction = new Transaction<Tables>(reader, number, ask);
    try {
      const result = await abortable({ signal }, async () => {
        const returned = await callback(transaction);
        await transaction.end();
        return returned;
      });
      return { result, ...(await ask({ type: "commit", transaction: number })) };
    } catch (error) {
      // What is still running would otherwise come after the rollback; the first error is the one to tell.
      await transaction.end().catch(() => {});
      await rpc.request({ type: "rollback", transaction: number }, {}, life).catch(() => {});
      throw error;
    }
  });
}
