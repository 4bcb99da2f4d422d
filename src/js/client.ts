import type { Waiting } from "./abort.js";
import { reportUncaught } from "./errors.js";
import { Events, type DatabaseEvents } from "./events.js";
import { Files } from "./files.js";
import { LiveQuery, type LiveOptions } from "./live.js";
import type { Marker } from "./marker.js";
import type { AnyTables, RowOf } from "./options.js";
import type { ResultReader } from "./parsers.js";
import type { Status } from "./protocol.js";
import type { Executed } from "./rows.js";
import type { Rpc } from "./rpc.js";
import { Runs } from "./runs.js";
import { readArguments, sql, toWire, type SqlTag, type Statement, type StatementInput } from "./sql.js";
import { runTransaction, type Transaction, type TransactionOptions } from "./transaction.js";
import { encodeMeta, type Row, type SqlInput } from "./values.js";
import { written, type Written } from "./written.js";

// The glue of the wasm module takes them from here.
export type { ChangeEdit, WithDependents } from "./outbox.js";

/**
 * An open database. Everything is asked of a worker, so every answer is a promise; requests are carried out in the
 * order of the calls. `open` makes it.
 */
export class Database<Tables extends object = AnyTables> extends Files<Tables> {
  /** Makes a statement of a template; see {@link sql}. */
  readonly sql: SqlTag = sql;
  readonly #reader: ResultReader;
  readonly #events: Events;
  readonly #runs: Runs;

  /** @internal */
  constructor(rpc: Rpc, reader: ResultReader, marker: Marker) {
    super(rpc, marker);
    this.#reader = reader;
    this.#events = new Events(rpc, marker);
    this.#runs = new Runs((statement, key, sink) => this.#events.startLive(statement, key, sink), reader);
  }

  /**
   * Runs one reading statement. `R` is a row type, or the name of a declared table.
   *
   * @example
   * ```ts
   * const todos = await db.query<"todos">("SELECT * FROM todos WHERE completed = ?", [false]);
   * const [{ n }] = await db.query<{ n: number }>(sql`SELECT count(*) AS n FROM todos`);
   * ```
   */
  query<R = Row>(sql: string, params?: readonly SqlInput[], options?: Waiting): Promise<RowOf<Tables, R>[]>;
  query<R = Row>(statement: Statement, options?: Waiting): Promise<RowOf<Tables, R>[]>;
  async query<R>(statement: string | Statement, second?: readonly SqlInput[] | Waiting, third?: Waiting): Promise<RowOf<Tables, R>[]> {
    const [wire, options] = readArguments(statement, second, third);
    const request = { type: "query" as const, ...this.#reader.asking(wire) };
    return this.#reader.rows(await this.rpc.request(request, options));
  }

  /**
   * Runs one statement that may write. Resolved means durable; the server's word comes later, through `on` and
   * `.confirmed()` of what this returns.
   *
   * @example
   * ```ts
   * const { rowsAffected } = await db.execute("UPDATE todos SET completed = ? WHERE id = ?", [true, id]);
   * ```
   */
  execute<R = Row>(sql: string, params?: readonly SqlInput[], options?: Waiting): Written<Executed<RowOf<Tables, R>>>;
  execute<R = Row>(statement: Statement, options?: Waiting): Written<Executed<RowOf<Tables, R>>>;
  execute<R>(statement: string | Statement, second?: readonly SqlInput[] | Waiting, third?: Waiting): Written<Executed<RowOf<Tables, R>>> {
    const run = async () => {
      const [wire, options] = readArguments(statement, second, third);
      const request = { type: "execute" as const, ...this.#reader.asking(wire) };
      return this.#reader.executed<RowOf<Tables, R>>(await this.rpc.request(request, options));
    };
    return written(
      this.rpc,
      run(),
      ({ transaction }) => transaction,
      (executed) => executed,
    );
  }

  /**
   * Runs several statements in one local transaction, all or none.
   *
   * @example
   * ```ts
   * await db.batch([sql`DELETE FROM todos WHERE completed`, "DELETE FROM drafts"], { meta: { label: "clean up" } });
   * ```
   */
  batch(statements: readonly StatementInput[], options: TransactionOptions = {}): Written<Executed[]> {
    const run = async () => {
      const wire = statements.map((statement) => this.#reader.asking(toWire(statement)));
      const meta = encodeMeta(options.meta);
      const replies = await this.rpc.request({ type: "batch", statements: wire, ...meta }, options);
      return replies.map((executed) => this.#reader.executed<Row>(executed));
    };
    return written(
      this.rpc,
      run(),
      ([first]) => first?.transaction ?? null,
      (all) => all,
    );
  }

  /**
   * Runs a callback in one local transaction and resolves with what it returns. It commits when the callback returns and rolls
   * back when it throws, when the signal fires or when the time is up. A statement the callback did not wait for still belongs
   * to it. Use only `tx` inside: other calls wait until the transaction is over. `LEADER_CHANGED`: another tab has the database
   * now; nothing of the transaction has happened unless it was about to commit, so run it again.
   *
   * @example
   * ```ts
   * await db.transaction(async (tx) => {
   *   const [list] = await tx.query("SELECT id FROM lists LIMIT 1");
   *   await tx.execute("UPDATE todos SET list_id = ? WHERE list_id IS NULL", [list.id]);
   * }, { meta: { label: "file the rest" } });
   * ```
   */
  transaction<T>(callback: (tx: Transaction<Tables>) => T | Promise<T>, options: TransactionOptions = {}): Written<T> {
    return written(
      this.rpc,
      runTransaction(this.rpc, this.#reader, callback, options),
      ({ transaction }) => transaction,
      ({ result }) => result,
    );
  }

  /**
   * Makes a query that is told again whenever its result changes; it starts with the first subscriber.
   *
   * @example
   * ```ts
   * const live = db.live<"todos">("SELECT * FROM todos ORDER BY created_at LIMIT 50", [], { key: "id" });
   * live.subscribe(({ rows }) => render(rows));
   * ```
   * @throws ThroughlineError `ARGUMENT` at once for a parameter that cannot be stored.
   */
  live<R = Row>(sql: string, params?: readonly SqlInput[], options?: LiveOptions<NoInfer<RowOf<Tables, R>>>): LiveQuery<RowOf<Tables, R>>;
  live<R = Row>(statement: Statement, options?: LiveOptions<NoInfer<RowOf<Tables, R>>>): LiveQuery<RowOf<Tables, R>>;
  live<R>(
    statement: string | Statement,
    second?: readonly SqlInput[] | LiveOptions<NoInfer<RowOf<Tables, R>>>,
    third?: LiveOptions<NoInfer<RowOf<Tables, R>>>,
  ): LiveQuery<RowOf<Tables, R>> {
    const [wire, options] = readArguments(statement, second, third);
    const key = typeof options?.key === "string" ? [options.key] : [...(options?.key ?? [])];
    return new LiveQuery((reader) => this.#runs.add(wire, key, reader));
  }

  /**
   * The state of storage, shapes and uploads.
   *
   * @example
   * ```ts
   * if ((await db.status()).storage.persistence === "memory") warnThatNothingIsKept();
   * ```
   */
  status(waiting?: Waiting): Promise<Status> {
    return this.rpc.request({ type: "status" }, waiting);
  }

  /**
   * Calls back with the current status, then whenever it changes, until the function it returns is called. Counts that only local
   * writes change are told at most once in 16 ms; `status()` always counts.
   *
   * @example
   * ```ts
   * const stop = db.onStatus(({ pending, storage }) => showBadge(pending, storage.persistence));
   * ```
   */
  onStatus(callback: (status: Status) => void): () => void {
    let current: "unknown" | "told" | "unwanted" = "unknown";
    const remove = this.#events.status.add((status) => {
      current = "told";
      callback(status);
    });
    this.status()
      .then((status) => current === "unknown" && callback(status))
      .catch((error: unknown) => {
        if (!this.rpc.ended) reportUncaught(error);
      });
    return () => {
      current = "unwanted";
      remove();
    };
  }

  /**
   * Calls back on each event, until the function it returns is called.
   *
   * @example
   * ```ts
   * db.on("rejected", ({ number, error }) => offerRetry(error?.message, () => db.retry(number)));
   * ```
   */
  on<Event extends keyof DatabaseEvents>(event: Event, callback: (told: DatabaseEvents[Event]) => void): () => void {
    return this.#events.on(event, callback);
  }
}
