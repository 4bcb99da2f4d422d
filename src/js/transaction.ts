import { abortable, type Waiting } from "./abort.js";
import { transactionClosedError } from "./errors.js";
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

/** An interactive transaction; it ends with the callback it was given to. */
export class Transaction<Tables extends object> {
  /** The same tag as `db.sql`. */
  readonly sql: SqlTag = sql;
  readonly #rpc: Rpc;
  readonly #reader: ResultReader;
  readonly #id: number;
  readonly #running = new Set<Promise<unknown>>();
  #over = false;

  /** @internal */
  constructor(rpc: Rpc, reader: ResultReader, id: number) {
    this.#rpc = rpc;
    this.#reader = reader;
    this.#id = id;
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
    const request = { type: "query" as const, ...this.#reader.asking(wire), transaction: this.#id };
    return this.#reader.rows(await this.#run(() => this.#rpc.request(request)));
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
    const request = { type: "execute" as const, ...this.#reader.asking(wire), transaction: this.#id };
    return this.#reader.executed(await this.#run(() => this.#rpc.request(request)));
  }

  /** Takes no more statements; waits for those under way and throws if one of them failed. @internal */
  async end(): Promise<void> {
    this.#over = true;
    for (const settled of await Promise.allSettled(this.#running)) {
      if (settled.status === "rejected") throw settled.reason;
    }
  }

  #run<T>(start: () => Promise<T>): Promise<T> {
    if (this.#over) throw transactionClosedError();
    const running = start();
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

/** Begins, runs the callback, commits; rolls back if anything of it fails. */
export async function runTransaction<Tables extends object, T>(
  rpc: Rpc,
  reader: ResultReader,
  callback: (transaction: Transaction<Tables>) => T | Promise<T>,
  { meta, signal }: TransactionOptions,
): Promise<Committed<T>> {
  const number = await begin(rpc, meta, signal);
  const transaction = new Transaction<Tables>(rpc, reader, number);
  try {
    const result = await callback(transaction);
    await transaction.end();
    const committed = await rpc.request({ type: "commit", transaction: number });
    return { result, transaction: committed.transaction };
  } catch (error) {
    // What is still running would otherwise come after the rollback; the first error is the one to tell.
    await transaction.end().catch(() => {});
    await rpc.request({ type: "rollback", transaction: number }).catch(() => {});
    throw error;
  }
}

async function begin(rpc: Rpc, meta: unknown, signal: AbortSignal | undefined): Promise<number> {
  const encoded = encodeMeta(meta);
  let begun: Promise<{ transaction: number }> | undefined;
  try {
    return (await abortable(signal, () => (begun = rpc.request({ type: "begin", ...encoded })))).transaction;
  } catch (error) {
    // Nobody waits for it any more: it must not stay open.
    begun?.then(({ transaction }) => rpc.request({ type: "rollback", transaction })).catch(() => {});
    throw error;
  }
}
