// Made from the Rust types by the test `typescript`; `UPDATE_FIXTURES=1 cargo test typescript` writes it anew.

export type Status = {
  /** Where the data is and how safe it is. */
  storage: StorageStatus;
  /** False after `disconnect()`. */
  connected: boolean;
  /** Every shape that is synced, in the order of the declaration. */
  shapes: Array<ShapeStatus>;
  /** The write path. */
  upload: UploadStatus;
  /** Transactions that are not yet confirmed. */
  pending: number;
  /** Rejected transactions that the app has not dealt with. */
  rejected: number;
};

export type StorageStatus = {
  /** `opfs`, or `memory`: then nothing outlives the worker. */
  persistence: Persistence;
  /** Why it is in memory. */
  reason: string | null;
  /** `PRAGMA journal_mode`. */
  journalMode: string;
  /** `PRAGMA locking_mode`. */
  lockingMode: string;
  /** `PRAGMA synchronous` by name, as it is for the app's own writes. */
  synchronous: string;
  /** Whether the browser keeps the data until the user deletes it. Null: it was not asked yet, or does not say. */
  persisted: boolean | null;
  /** How many bytes this origin may keep, as the browser estimates it. */
  quota: number | null;
  /** How many of them it uses, the app's other storage included. */
  usage: number | null;
  /** The last failure of the storage; gone after the next successful write. Reading goes on meanwhile. */
  error: ErrorReport | null;
  /** The file was built anew when this session began. */
  recovered: Recovery | null;
  /** The storage was empty when this session began, and the page remembers writes that were pending in it. */
  evicted: Seen | null;
};

export type Persistence = "opfs" | "file" | "memory";

export type Recovery = {
  /** When. */
  at: number;
  /** What was wrong with the file. */
  reason: string;
  /** Transactions taken over: pending ones, and rejected ones that the app has not dealt with. */
  transactions: number;
  /** What could not be read of the app's writes and own tables: rows, and ends of tables. 0: nothing is missing. */
  lost: number;
};

export type Seen = {
  /** Transactions that were not yet confirmed, or rejected and not dealt with. */
  pending: number;
  /** When that was. */
  at: number;
};

export type ShapeStatus = {
  /** The table it fills. */
  table: string;
  /** Its name among the table's shapes; the only one is called `default`. */
  name: string;
  /** What it is doing. */
  phase: ShapePhase;
  /** Rows of the table that it holds, or loaded so far while a log is loading. */
  rows: number;
  /** What has come of the log that is loading, or else of the last one, in bytes of text, in this session. */
  bytes: number;
  /** The same in answers. */
  chunks: number;
  /** When the last up-to-date arrived, in milliseconds since the Unix epoch. */
  lastSyncedAt: number | null;
  /** When the next attempt is due, while `phase` is `waiting`. */
  retryAt: number | null;
  /** The last failure; gone after the next success. */
  error: ErrorReport | null;
};

export type ShapePhase = "loading" | "catchingUp" | "live" | "waiting" | "failed" | "paused";

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

export type UploadPhase = "idle" | "sending" | "waiting" | "failed" | "paused";

export type TransactionRecord = {
  /** The idempotency key, `<client id>:<n>`. */
  id: string;
  /** The `n` of it: what `retry`, `edit` and `discard` take. */
  number: number;
  /** How far it is. */
  state: TransactionState;
  /** What the app attached to it. */
  meta: unknown;
  /** How often it was sent. */
  attempts: number;
  /** When it was committed here. */
  createdAt: number;
  /** The server's reason for a rejection, or the last failure to send. */
  error: ErrorReport | null;
  /** Of a rejection that follows from another transaction's: the number of that one. */
  causedBy: number | null;
  /** Its intents, in order. */
  changes: Array<ChangeRecord>;
};

export type TransactionState = "queued" | "sending" | "accepted" | "confirmed" | "rejected" | "replaced" | "discarded";

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
  /** What the synced row holds in those columns now, in all of them for a delete. Null when there is no row, or the
 * transaction is not a rejected one. */
  synced: Record<string, unknown> | null;
};

export type Operation = "insert" | "update" | "delete";

export type ErrorReport = {
  /** Stable, upper case; the codes of [`Error`], or the server's own for a rejection. */
  code: string;
  /** One sentence for a human. */
  message: string;
  /** Whether trying again without a change can help. */
  retryable: boolean;
};

export type Verification = {
  /** Shadow rows looked at. */
  shadowRows: number;
  /** One sentence for each row that is not the fold of its intents; empty when all is well. */
  problems: Array<string>;
};

export type Inspection = {
  /** As in the status, and in the same order. */
  shapes: Array<ShapePosition>;
  /** Every live query of every tab. */
  live: Array<LiveRecord>;
  /** What was recorded, while something is. */
  trace: TraceExcerpt | null;
};

export type ShapePosition = {
  /** The table it fills. */
  table: string;
  /** Its name among the table's shapes. */
  name: string;
  /** Electric's name of the log; null before the first rows. */
  handle: string | null;
  /** The last answer whose rows are stored. */
  offset: string | null;
  /** The log loads beside the rows that readers see, and takes their place once it is up to date. */
  beside: boolean;
  /** Shapes of the same group show their changes together. */
  group: string | null;
};

export type LiveRecord = {
  /** Whose it is. */
  tab: number;
  /** Its number in that tab. */
  subscription: number;
  /** The statement. */
  sql: string;
  /** How many parameters it takes. */
  params: number;
  /** The tables it reads, views and what is behind them. */
  reads: Array<string>;
  /** How often it ran in this session. */
  runs: number;
  /** How long the last run took, in microseconds of the shell's clock. */
  last: number;
  /** How long all of them took. */
  total: number;
  /** How many rows the last run gave. */
  rows: number;
  /** Results that its tab has not dealt with. */
  untaken: number;
};

export type TraceExcerpt = {
  /** The number of the first of these steps; above the one asked for if that was given up for newer ones. */
  first: number;
  /** Each as JSON text: the opening, or an event with its effects. */
  steps: Array<string>;
};

export type TabRecord = {
  /** What live queries name it by; 0 is the one that leads. */
  number: number;
  /** Its opening of the database, as its lock names it. */
  id: string;
  /** It is the one that asks. */
  asks: boolean;
  /** Its page can be seen, as far as it has told. */
  visible: boolean;
  /** For so many milliseconds it has led, or been served. */
  since: number;
};
