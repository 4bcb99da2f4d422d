import type { ChangeEdit, WithDependents } from "./client.js";
import type { WireNotification, WireReply, WireRequest } from "./messages.js";
import type { OpenOptions, ShapeOptions, SubsetOptions } from "./options.js";
import type { Recovery, Status, TransactionRecord, Verification } from "./protocol.js";
import type { Row, SqlInput } from "./values.js";

/** What one writing statement did. */
export interface ExecuteResult {
  /** Rows inserted, updated or deleted. */
  rowsAffected: number;
  /** The idempotency key of the local transaction, if it wrote to a synced table. */
  transaction: string | null;
  /** The rows of a `RETURNING` clause. */
  rows: Row[];
}

/** A live query's result; rows that did not change are the objects of the result before. */
export interface LiveResult {
  rows: Row[];
  changes: { inserted: Row[]; updated: Row[]; deleted: Row[] };
}

/** What the function of {@link Database.transaction} gets. */
export class Transaction {
  private constructor();
  free(): void;
  query(sql: string, params?: readonly SqlInput[]): Promise<Row[]>;
  execute(sql: string, params?: readonly SqlInput[]): Promise<ExecuteResult>;
}

/** An open database inside a worker of the app's own. Errors have `code` and `retryable`. */
export class Database {
  private constructor();
  free(): void;
  /** There are no `parsers` here: a `typed` query through {@link Database.request} names the Postgres type of each column. */
  static open(options: Omit<OpenOptions, "parsers">): Promise<Database>;
  query(sql: string, params?: readonly SqlInput[]): Promise<Row[]>;
  execute(sql: string, params?: readonly SqlInput[]): Promise<ExecuteResult>;
  batch(statements: readonly [sql: string, params?: readonly SqlInput[]][], options?: { meta?: unknown }): Promise<ExecuteResult[]>;
  transaction<T>(work: (tx: Transaction) => T | Promise<T>, options?: { meta?: unknown }): Promise<T>;
  live(
    sql: string, params: readonly SqlInput[] | undefined, options: { key?: string | readonly string[] } | undefined,
    callback: (result: LiveResult) => void,
  ): Promise<() => void>;
  status(): Promise<Status>;
  onStatus(callback: (status: Status) => void): () => void;
  on(event: "accepted" | "confirmed" | "rejected", callback: (transaction: TransactionRecord) => void): () => void;
  on(event: "recovered", callback: (recovery: Recovery) => void): () => void;
  pending(): Promise<TransactionRecord[]>;
  rejected(): Promise<TransactionRecord[]>;
  /** Resolves to the idempotency key of the new transaction, as `edit` does. */
  retry(number: number, options?: WithDependents): Promise<{ transaction: string }>;
  edit(number: number, changes: readonly ChangeEdit[], options?: { meta?: unknown }): Promise<{ transaction: string }>;
  discard(number: number, options?: WithDependents): Promise<null>;
  /** Syncs a further shape of a table, or changes one; resolves when it has begun. */
  setShape(table: string, shape: ShapeOptions, options?: { name?: string | undefined }): Promise<null>;
  /** Stops syncing a shape; with `purge` rows that no other shape holds go. */
  removeShape(table: string, options?: { name?: string | undefined; purge?: boolean | undefined }): Promise<null>;
  /** Loads rows of a `changes_only` shape; resolves to how many came. `signal` stops the wait. */
  loadSubset(table: string, subset?: SubsetOptions, options?: { shape?: string | undefined; signal?: AbortSignal | undefined }): Promise<number>;
  verify(): Promise<Verification>;
  /** A standard SQLite file with everything in it. */
  export(): Promise<{ bytes: Uint8Array }>;
  /** Puts an exported file in place of this database, in every tab. */
  import(bytes: Uint8Array): Promise<null>;
  connect(): Promise<null>;
  disconnect(): Promise<null>;
  wipe(): Promise<null>;
  close(): Promise<null>;
  /** The page is visible again, back from a cache, or online: look at the server now. */
  wake(): void;
  /** The page is shown or hidden: a visible one is preferred to do the work for the others. */
  visibility(visible: boolean): void;
  /** The page goes for good: closes at once. */
  leave(): void;
  /**
   * The one entry behind all methods: a request as a plain object, its reply as one. A page that may ask again, because its worker has
   * ended, numbers its requests and says below which number it waits for none. `timeout`: milliseconds for a statement.
   */
  request(request: WireRequest, number?: number, done?: number, timeout?: number): Promise<WireReply>;
  /** Nobody waits for this request any more: what was not begun is not carried out. */
  cancel(number: number): void;
  /** The app has dealt with one result of a live query of `request`: the next one may come. */
  took(subscription: number): void;
  /** Hears everything the database tells unasked. */
  onNotification(callback: (notification: WireNotification) => void): void;
}
