import { abortable, type Waiting } from "./abort.js";
import { closedError, reportUncaught, ThroughlineError, toReport } from "./errors.js";
import { Listeners } from "./listeners.js";
import { LiveQuery, type LiveOptions, type LiveSink } from "./live.js";
import type { WireNotification, WireRequest, WireStatement } from "./messages.js";
import type { AnyTables, RowOf, ShapeOptions, SubsetOptions } from "./options.js";
import type { ResultReader } from "./parsers.js";
import type { ChangeRecord, Status, TransactionRecord, Verification } from "./protocol.js";
import type { Executed } from "./rows.js";
import type { Rpc } from "./rpc.js";
import { readArguments, sql, toWire, type SqlTag, type Statement, type StatementInput } from "./sql.js";
import { runTransaction, type Transaction, type TransactionOptions } from "./transaction.js";
import { encodeChanges, encodeMeta, type Row, type SqlInput } from "./values.js";
import { settled, written, type Written } from "./written.js";

/** What `on` tells. */
export interface DatabaseEvents {
  /** The server has a transaction; its rows are not back yet. */
  accepted: TransactionRecord;
  /** A transaction came back through its shapes: local and server state agree on it. */
  confirmed: TransactionRecord;
  /** The server refused a transaction; it was rolled back here. */
  rejected: TransactionRecord;
}

/** Which of a table's shapes. */
export interface OfShape {
  /** Its name among the table's shapes. Default: `default`. */
  name?: string | undefined;
}

/** What a rejected transaction took along. */
export interface WithDependents {
  /** Them too. Default: false. */
  dependents?: boolean | undefined;
}

/** A change as an app hands it back: the members of a {@link ChangeRecord} that say what to do. */
export type ChangeEdit = Pick<ChangeRecord, "table" | "operation" | "key" | "value">;

/**
 * An open database. Everything is asked of a worker, so every answer is a promise; requests are carried out in the
 * order of the calls. `open` makes it.
 */
export class Database<Tables extends object = AnyTables> {
  /** Makes a statement of a template; see {@link sql}. */
  readonly sql: SqlTag = sql;
  readonly #rpc: Rpc;
  readonly #reader: ResultReader;
  readonly #lives = new Map<number, LiveSink>();
  readonly #statusListeners = new Listeners<Status>();
  readonly #listeners = { accepted: new Listeners(), confirmed: new Listeners(), rejected: new Listeners() } satisfies {
    [Event in keyof DatabaseEvents]: Listeners<DatabaseEvents[Event]>;
  };
  #nextSubscription = 1;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(rpc: Rpc, reader: ResultReader) {
    this.#rpc = rpc;
    this.#reader = reader;
    rpc.onNotification = (notification) => this.#receive(notification);
    rpc.onEnd.add((error) => this.#endLives(error));
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
    return this.#reader.rows(await abortable(options?.signal, () => this.#rpc.request(request)));
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
      return this.#reader.executed<RowOf<Tables, R>>(await abortable(options?.signal, () => this.#rpc.request(request)));
    };
    return written(
      this.#rpc,
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
      const replies = await abortable(options.signal, () => this.#rpc.request({ type: "batch", statements: wire, ...meta }));
      return replies.map((executed) => this.#reader.executed<Row>(executed));
    };
    return written(
      this.#rpc,
      run(),
      ([first]) => first?.transaction ?? null,
      (all) => all,
    );
  }

  /**
   * Runs a callback in one local transaction and resolves with what it returns. It commits when the callback returns
   * and rolls back when it throws. A statement the callback did not wait for still belongs to it. Use only `tx` inside:
   * other calls wait until the transaction is over.
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
      this.#rpc,
      runTransaction(this.#rpc, this.#reader, callback, options),
      ({ transaction }) => transaction,
      ({ result }) => result,
    );
  }

  /**
   * Waits for the server's verdict on a transaction, of an earlier visit too: resolves when it is confirmed, with its record.
   *
   * @param id - its idempotency key: {@link Executed.transaction}, {@link TransactionRecord.id}.
   * @example
   * ```ts
   * const { transaction } = await db.execute("UPDATE todos SET completed = 1 WHERE id = ?", [id]);
   * localStorage.lastWrite = transaction;
   * // after a reload
   * await db.confirmed(localStorage.lastWrite);
   * ```
   * @throws ThroughlineError with the server's code if it was rejected, `cause` being the record; `ARGUMENT` for an id that this
   * database never gave.
   */
  confirmed(id: string, { signal }: Waiting = {}): Promise<TransactionRecord> {
    return settled(this.#rpc, id, signal);
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
    return new LiveQuery((sink) => this.#startLive(this.#reader.asking(wire), key, sink), this.#reader);
  }

  /**
   * The state of storage, shapes and uploads.
   *
   * @example
   * ```ts
   * if ((await db.status()).storage.persistence === "memory") warnThatNothingIsKept();
   * ```
   */
  status(): Promise<Status> {
    return this.#rpc.request({ type: "status" });
  }

  /**
   * Calls back with the current status, then whenever it changes, until the function it returns is called.
   *
   * @example
   * ```ts
   * const stop = db.onStatus(({ pending, storage }) => showBadge(pending, storage.persistence));
   * ```
   */
  onStatus(callback: (status: Status) => void): () => void {
    let current: "unknown" | "told" | "unwanted" = "unknown";
    const remove = this.#statusListeners.add((status) => {
      current = "told";
      callback(status);
    });
    this.status()
      .then((status) => current === "unknown" && callback(status))
      .catch((error: unknown) => {
        if (!this.#rpc.ended) reportUncaught(error);
      });
    return () => {
      current = "unwanted";
      remove();
    };
  }

  /**
   * The transactions that are not yet confirmed, oldest first.
   *
   * @example
   * ```ts
   * for (const { id, state, attempts } of await db.pending()) console.log(id, state, attempts);
   * ```
   */
  pending(): Promise<TransactionRecord[]> {
    return this.#rpc.request({ type: "pending" });
  }

  /**
   * The rejected transactions that the app has not dealt with, oldest first.
   *
   * @example
   * ```ts
   * for (const { changes, error } of await db.rejected()) showConflict(changes, error?.message);
   * ```
   */
  rejected(): Promise<TransactionRecord[]> {
    return this.#rpc.request({ type: "rejected" });
  }

  /**
   * Puts a rejected transaction back into the queue, as a new one; resolves to its idempotency key. It need not fit what came
   * meanwhile: a row that is there by now, or gone, is the server's to judge.
   *
   * @param number - its {@link TransactionRecord.number}.
   * @param options - `dependents`: with those that were rolled back with it ({@link TransactionRecord.causedBy}), each as a new one.
   * @example
   * ```ts
   * for (const { number, causedBy } of await db.rejected()) {
   *   if (causedBy === null) await db.retry(number, { dependents: true }).confirmed();
   * }
   * ```
   * @throws ThroughlineError `ARGUMENT` if there is no such rejected transaction; `ARGUMENT` or `CONSTRAINT` if a table that has
   * changed since cannot hold it. Nothing is lost then.
   */
  retry(number: number, { dependents }: WithDependents = {}): Written<string> {
    return this.#requeued(async () => ({ type: "retry", number, dependents }));
  }

  /**
   * Puts a rejected transaction back into the queue with other changes: those of its record, changed, or any others. Resolves to
   * the idempotency key of the new one.
   *
   * @param number - its {@link TransactionRecord.number}.
   * @param changes - as in its {@link TransactionRecord.changes}; `base` and `synced` are of no account.
   * @param options - `meta`: replaces what was attached to it.
   * @example
   * ```ts
   * const [refused] = await db.rejected();
   * refused.changes[0].value.title = "Milk";
   * await db.edit(refused.number, refused.changes);
   * ```
   * @throws ThroughlineError `ARGUMENT` if there is no such rejected transaction, for a table, column or key that is not there,
   * `CONSTRAINT` for a value that its column cannot hold. Nothing is lost then.
   */
  edit(number: number, changes: readonly ChangeEdit[], { meta }: { meta?: unknown } = {}): Written<string> {
    return this.#requeued(async () => ({ type: "edit", number, changes: encodeChanges(changes), ...encodeMeta(meta) }));
  }

  /**
   * Drops a rejected transaction from the journal.
   *
   * @param number - its {@link TransactionRecord.number}.
   * @param options - `dependents`: those that were rolled back with it, too.
   * @example
   * ```ts
   * db.on("rejected", ({ number }) => db.discard(number));
   * ```
   * @throws ThroughlineError `ARGUMENT` if there is no such rejected transaction.
   */
  async discard(number: number, { dependents }: WithDependents = {}): Promise<void> {
    await this.#rpc.request({ type: "discard", number, dependents });
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
    return this.#listeners[event].add(callback);
  }

  /**
   * Syncs a further shape of a table, or changes one: rows of the old definition stay until those of the new one are
   * complete, then both change places at once. Lasts until the database is closed, its rows longer: set the shape again after
   * the next `open` and it goes on from there. Resolves when the shape has begun; `status` tells how far it is.
   *
   * @param table - one that `open` declared.
   * @example
   * ```ts
   * await db.setShape("todos", { where: "list_id = $1", params: [listId] }, { name: "list" });
   * ```
   * @throws ThroughlineError `ARGUMENT` for a table that is not declared, a shape of the wrong form, or columns that are not
   * those of the table's other shapes.
   */
  async setShape(table: keyof Tables & string, shape: ShapeOptions, { name }: OfShape = {}): Promise<void> {
    await this.#rpc.request({ type: "setShape", table, name, shape });
  }

  /**
   * Stops syncing a shape, if there is one. Its rows stay as they are, and setting the same shape again goes on from there;
   * with `purge` those that no other shape holds go at once. Pending writes stay.
   *
   * @param table - one that `open` declared.
   * @example
   * ```ts
   * await db.removeShape("todos", { name: "list", purge: true });
   * ```
   * @throws ThroughlineError `ARGUMENT` for a table that is not declared.
   */
  async removeShape(table: keyof Tables & string, { name, purge }: OfShape & { purge?: boolean | undefined } = {}): Promise<void> {
    await this.#rpc.request({ type: "removeShape", table, name, purge });
  }

  /**
   * Loads rows of a `changes_only` shape and keeps them in step from then on; they are loaded again when the server starts a new
   * log. Resolves to how many rows came, when queries show them.
   *
   * @param table - one that `open` declared.
   * @param subset - which rows; without it all of the shape's.
   * @param options - `shape`: its name among the table's shapes, by default `default`. `signal`: stops the wait; rows that are on
   * their way still come.
   * @example
   * ```ts
   * const rows = await db.loadSubset("todos", { orderBy: "created_at DESC", limit: 50, offset: 50 }, { signal });
   * ```
   * @throws ThroughlineError `ARGUMENT` for a table, shape or subset that cannot be, `SHAPE_REJECTED` if the server cannot read
   * the condition, `NETWORK` (retryable) without a connection or after `disconnect()`, `AUTH` (retryable), `ENDPOINT`, `PROTOCOL`.
   */
  loadSubset(
    table: keyof Tables & string,
    subset: SubsetOptions = {},
    { shape, signal }: Waiting & { shape?: string | undefined } = {},
  ): Promise<number> {
    return abortable(signal, () => this.#rpc.request({ type: "loadSubset", table, name: shape, subset }));
  }

  /**
   * Recomputes every shadow row and compares: an empty list of problems means all is well.
   *
   * @example
   * ```ts
   * const { shadowRows, problems } = await db.verify();
   * ```
   */
  verify(): Promise<Verification> {
    return this.#rpc.request({ type: "verify" });
  }

  /**
   * Lets sync run (the default).
   *
   * @example
   * ```ts
   * await db.connect();
   * ```
   */
  async connect(): Promise<void> {
    await this.#rpc.request({ type: "connect" });
  }

  /**
   * Stops all network traffic until `connect()`. Reading and writing go on locally.
   *
   * @example
   * ```ts
   * await db.disconnect();
   * ```
   */
  async disconnect(): Promise<void> {
    await this.#rpc.request({ type: "disconnect" });
  }

  /**
   * Deletes everything local, writes not yet sent included, and closes. For signing out.
   *
   * @example
   * ```ts
   * await db.wipe();
   * location.assign("/sign-in");
   * ```
   */
  async wipe(): Promise<void> {
    await this.#rpc.request({ type: "wipe" });
    await this.#rpc.answered();
    this.#rpc.end(closedError());
  }

  /**
   * Closes the database and ends its worker. Later calls reject with `CLOSED`; live queries end.
   *
   * @example
   * ```ts
   * await db.close();
   * ```
   */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    if (this.#rpc.ended) return;
    try {
      await this.#rpc.request({ type: "close" });
      await this.#rpc.answered();
    } finally {
      this.#rpc.end(closedError());
    }
  }

  #requeued(ask: () => Promise<Extract<WireRequest, { type: "retry" | "edit" }>>): Written<string> {
    const run = async () => (await this.#rpc.request(await ask())).transaction;
    return written(
      this.#rpc,
      run(),
      (key) => key,
      (key) => key,
    );
  }

  #startLive(statement: WireStatement, key: string[], sink: LiveSink): () => void {
    const subscription = this.#nextSubscription++;
    this.#lives.set(subscription, sink);
    this.#rpc.request({ type: "live", subscription, ...statement, key }).catch((error) => this.#failLive(subscription, error));
    return () => {
      if (!this.#lives.delete(subscription)) return;
      // Fails only when the worker is gone, and the subscription with it.
      this.#rpc.request({ type: "unsubscribe", subscription }).catch(() => {});
    };
  }

  #receive(notification: WireNotification): void {
    switch (notification.type) {
      case "live":
        try {
          this.#lives.get(notification.subscription)?.apply(notification);
        } catch (error) {
          this.#lives.get(notification.subscription)?.fail(error as ThroughlineError);
        }
        return;
      case "liveFailed":
        return this.#failLive(notification.subscription, new ThroughlineError(notification.error));
      case "status":
        return this.#statusListeners.emit(notification.status);
      default:
        // A name that a newer worker may add is nobody's event yet.
        return this.#listeners[notification.type]?.emit(notification.transaction);
    }
  }

  #failLive(subscription: number, error: unknown): void {
    const sink = this.#lives.get(subscription);
    this.#lives.delete(subscription);
    sink?.fail(error instanceof ThroughlineError ? error : new ThroughlineError(toReport(error)));
  }

  #endLives(error: ThroughlineError): void {
    const sinks = [...this.#lives.values()];
    this.#lives.clear();
    for (const sink of sinks) {
      if (error.code === "CLOSED") sink.end();
      else sink.fail(error);
    }
  }
}
