/** A local transaction as it is POSTed. */
export interface OutgoingTransaction {
  /** Its idempotency key: the server applies one of that id once, whatever comes twice. */
  id: string;
  /** What the app attached to it. */
  meta?: unknown;
  /** In the order they were made. */
  changes: OutgoingChange[];
}

/** One change of a row. */
export interface OutgoingChange {
  /** Its place in the change log of the client. */
  id: number;
  table: string;
  operation: "insert" | "update" | "delete";
  /** To be stored in the row's `write_id` column, if there is one. */
  write_id: string;
  /** The primary key and the changed columns, as JSON of the columns' types; int8 beyond 2⁵³, numeric and bytea as text. */
  value: Record<string, unknown>;
  /** What the changed columns held before; only of updates. */
  base?: Record<string, unknown>;
}

/** What the server did with the transactions. One that is not named is sent again. */
export interface WriteAnswer {
  transactions: {
    id: string;
    status: "accepted" | "rejected";
    /** The database's transaction id. */
    txid?: number | string;
    /** A position in its log, read after the commit. */
    lsn?: number | string;
    /** It changed no row. */
    noop?: boolean;
    /** Why it was rejected. */
    error?: { code?: string; message?: string };
  }[];
}

/** What came of a POST: its verdicts, or one for all of it. `retry`: nothing was decided, and a `Retry-After` counts. */
export type WriteVerdict = WriteAnswer | "accepted" | "rejected" | "retry";

/** Delivers transactions in another way than by HTTP. */
export type SendWrites = (
  transactions: OutgoingTransaction[],
  options: { signal: AbortSignal },
) => Promise<WriteVerdict | undefined | void>;

/** Says what an HTTP answer means where it is not what the package takes it for; `undefined`: it is. */
export type ClassifyWrites = (
  answer: { status: number; headers: Record<string, string>; body: string },
  transactions: OutgoingTransaction[],
) => WriteVerdict | undefined | void | Promise<WriteVerdict | undefined | void>;
