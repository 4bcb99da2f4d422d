// The records that cross from the worker to the app, field for field as Rust serializes them. Their source are the
// types of src/tabs that derive `Serialize`, and what those hold.

/** An error as plain fields: what a reply, a status or the journal of rejected transactions carries. */
export type ErrorReport = {
  /** Stable, upper case; see {@link ErrorCode}, or the server's own code for a rejection. */
  code: string;
  /** One sentence for a human. */
  message: string;
  /** Whether trying again without a change can help. */
  retryable: boolean;
};

/** The database's state in one value. */
export type Status = {
  /** Where the rows are and how safe they are. */
  storage: StorageStatus;
  /** False after `disconnect()`. */
  connected: boolean;
  /** One a synced table, in the order of the declaration. */
  shapes: ShapeStatus[];
  /** The write path. */
  upload: UploadStatus;
  /** Transactions that are not yet confirmed. */
  pending: number;
  /** Rejected transactions that the app has not dealt with. */
  rejected: number;
};

/** Where the rows are, as read back from SQLite. */
export type StorageStatus = {
  /** `opfs`, or `memory`: then nothing outlives the worker. */
  persistence: Persistence;
  /** Why it is in memory. */
  reason: string | null;
  /** `PRAGMA journal_mode`. */
  journalMode: string;
  /** `PRAGMA locking_mode`. */
  lockingMode: string;
  /** `PRAGMA synchronous` by name. */
  synchronous: string;
};

/** `opfs`: the origin private file system. `file`: native tests. `memory`: gone when the worker ends. */
export type Persistence = "opfs" | "file" | "memory";

/** One shape's state. */
export type ShapeStatus = {
  /** The table it fills. */
  table: string;
  /** What it is doing. */
  phase: ShapePhase;
  /** Rows in the synced table, or loaded so far while a log is loading. */
  rows: number;
  /** When the last up-to-date arrived, in milliseconds since the Unix epoch. */
  lastSyncedAt: number | null;
  /** When the next attempt is due, while `phase` is `waiting`. */
  retryAt: number | null;
  /** The last failure; gone after the next success. */
  error: ErrorReport | null;
};

/**
 * `loading`: reading a log from its start. `catchingUp`: reading what was missed. `live`: up to date.
 * `waiting`: a request failed, the next attempt is timed. `failed`: stopped until the app acts.
 * `paused`: stopped by `disconnect()`, or no shape URL is set.
 */
export type ShapePhase = "loading" | "catchingUp" | "live" | "waiting" | "failed" | "paused";

/** The write path's state. */
export type UploadStatus = {
  /** What it is doing. */
  phase: UploadPhase;
  /** When the next attempt is due, while `phase` is `waiting`. */
  retryAt: number | null;
  /** Failed attempts in a row. */
  attempts: number;
  /** The last failure; gone after the next success. */
  error: ErrorReport | null;
};

/**
 * `idle`: nothing is queued. `sending`: a POST is on its way. `waiting`: the last one failed, the next is timed.
 * `failed`: stopped until the app acts. `paused`: stopped by `disconnect()`, or no write URL is set.
 */
export type UploadPhase = "idle" | "sending" | "waiting" | "failed" | "paused";

/** One local transaction as the app sees it. */
export type TransactionRecord = {
  /** The idempotency key, `<client id>:<n>`. */
  id: string;
  /** The `n` of it: what `retry` and `discard` take. */
  number: number;
  /** How far it is. */
  state: TransactionState;
  /** What the app attached to it. */
  meta: unknown;
  /** How often it was sent. */
  attempts: number;
  /** When it was committed here, in milliseconds since the Unix epoch. */
  createdAt: number;
  /** The server's reason for a rejection, or the last failure to send. */
  error: ErrorReport | null;
  /** Its intents, in order. */
  changes: ChangeRecord[];
};

/**
 * `queued`: durable here, not sent yet. `sending`: in a POST that has not been answered. `accepted`: the server has
 * it, its rows are not back yet. `confirmed`: local and server state agree on it. `rejected`: the server refused it;
 * it was rolled back here and waits in the journal.
 */
export type TransactionState = "queued" | "sending" | "accepted" | "confirmed" | "rejected";

/** One intent as the app sees it. Values are wire JSON. */
export type ChangeRecord = {
  /** The table as the app calls it. */
  table: string;
  /** What was done. */
  operation: Operation;
  /** The primary key's values in key order. */
  key: unknown[];
  /** The columns that were written. */
  value: Record<string, unknown>;
  /** What those columns held before. */
  base: Record<string, unknown> | null;
};

/** What an intent does to its row. */
export type Operation = "insert" | "update" | "delete";

/** What `verify()` found. */
export type Verification = {
  /** Shadow rows looked at. */
  shadowRows: number;
  /** One sentence for each row that is not the fold of its intents; empty when all is well. */
  problems: string[];
};
