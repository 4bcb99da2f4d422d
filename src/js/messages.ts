import type { ErrorReport, Inspection, Recovery, Seen, Status, TabRecord, TransactionRecord, Verification } from "./protocol.js";
import type { ShapeOptions, SubsetOptions, WireOptions } from "./options.js";

/** One statement on the wire; `params` hold structured-cloneable SQL values. */
export interface WireStatement {
  sql: string;
  params: unknown[];
  /** Ask for {@link WireColumns.types}. */
  typed?: true;
}

/** What the page asks the database for. */
export type WireRequest =
  | ({ type: "query" | "execute"; transaction?: number } & WireStatement)
  | { type: "batch"; statements: WireStatement[]; meta?: unknown }
  | { type: "begin"; meta?: unknown }
  | { type: "commit" | "rollback"; transaction: number }
  | ({ type: "live"; subscription: number; key: string[] } & WireStatement)
  | { type: "unsubscribe"; subscription: number }
  | { type: "status" | "pending" | "rejected" | "verify" | "connect" | "disconnect" | "wipe" | "close" }
  /** `from`: the number of the first recorded step that is wanted. */
  | { type: "inspect"; from: number }
  | { type: "tabs" }
  /** `true`: open the database anew and record from there on. */
  | { type: "record"; on: boolean }
  | { type: "export" }
  | { type: "import"; bytes: Uint8Array }
  | { type: "settled"; id: string }
  | { type: "retry"; number: number; dependents?: boolean | undefined }
  | { type: "discard"; number: number; dependents?: boolean | undefined }
  | { type: "edit"; number: number; changes: unknown; meta?: unknown }
  | { type: "setShape"; table: string; name?: string | undefined; shape: ShapeOptions }
  | { type: "removeShape"; table: string; name?: string | undefined; purge?: boolean | undefined }
  | { type: "loadSubset"; table: string; name?: string | undefined; subset: SubsetOptions };

/** A result as bytes; `toRows` reads it. */
export type WireRows = Uint8Array;

/** What a result says of its columns. */
export interface WireColumns {
  columns: string[];
  /** For a typed statement, each column's `table.column`; `""` for what is computed or not from a synced table. */
  origins?: string[];
  /** The Postgres types of these. A live query tells both first, and again if they change. */
  types?: string[];
}

/** What one writing statement did. */
export interface WireExecuted {
  rowsAffected: number;
  transaction: string | null;
  /** Those of its `RETURNING` clause, if it has one. */
  rows?: WireRows;
}

/** The reply to each request type. */
export interface WireReplies {
  query: WireRows;
  execute: WireExecuted;
  batch: WireExecuted[];
  begin: { transaction: number };
  commit: { transaction: string | null };
  rollback: null;
  live: null;
  unsubscribe: null;
  status: Status;
  pending: TransactionRecord[];
  rejected: TransactionRecord[];
  /** The one, confirmed or rejected. */
  settled: [TransactionRecord];
  verify: Verification;
  inspect: Inspection;
  tabs: TabRecord[];
  /** What the database held when recording began. */
  record: { bytes: Uint8Array<ArrayBuffer> } | null;
  connect: null;
  disconnect: null;
  wipe: null;
  close: null;
  export: { bytes: Uint8Array<ArrayBuffer> };
  import: null;
  retry: { transaction: string };
  edit: { transaction: string };
  discard: null;
  setShape: null;
  removeShape: null;
  /** How many rows came. */
  loadSubset: number;
}

/** Any reply. */
export type WireReply = WireReplies[keyof WireReplies];

/** A live query's new result, told as steps over the old one. */
export interface WireLive {
  type: "live";
  subscription: number;
  /** Flat: `0, from, count` keeps rows, `1, from` replaces one, `2, count` inserts rows. */
  steps: ArrayLike<number>;
  /** The new and replaced rows, in the order of the steps. */
  rows: WireRows;
  /** The whole result, of a subscription that starts, or starts again elsewhere: one insert of all rows. */
  fresh?: boolean;
}

/** What the database tells unasked. */
export type WireNotification =
  | WireLive
  | { type: "liveFailed"; subscription: number; error: ErrorReport }
  | { type: "status"; status: Status }
  | { type: "accepted" | "confirmed" | "rejected"; transaction: TransactionRecord }
  | { type: "recovered"; recovery: Recovery }
  /** Wiped by another tab. */
  | { type: "closed" };

/** Where among the options a function stood that the page keeps. */
export type AskPath = readonly [of: "electric" | "write" | "persist", ...names: string[]];

/** What a function of the app's threw, with what `write.send` may say beside. */
export interface AskFailure extends Partial<ErrorReport> {
  message: string;
  status?: number;
  body?: string;
}

/** What opens the database in a worker. */
export interface OpenMessage {
  type: "open";
  options: WireOptions;
  asks: AskPath[];
  wasmUrl?: string;
  /** Names this page's `open` in every worker it starts; with a request's id it names the request for good. */
  session: string;
  visible: boolean;
  seen?: Seen;
  /** A worker for this session was there before. */
  term?: true;
}

/** What asks for something. */
export interface RequestMessage {
  type: "request";
  request: WireRequest;
  /** Milliseconds after which the statement is interrupted. */
  timeout?: number;
}

/** What wants no answer. */
export type Notice =
  /** Nobody waits for this request any more: it shall not happen if it was not begun. */
  | { type: "cancel"; id: number }
  /** A notification of the live query is dealt with. */
  | { type: "took"; subscription: number }
  | { type: "visibility"; visible: boolean }
  | { type: "wake" }
  /** The page goes for good. */
  | { type: "leave" };

/** From the page to the worker. `done`: the lowest id that the page still waits for. */
export type PageMessage =
  | (OpenMessage & { id: number })
  | (RequestMessage & { id: number; done: number })
  | { type: "answer"; id: number; value: unknown }
  | { type: "answerFailed"; id: number; error: AskFailure }
  | Notice;

/** From the worker to the page. */
export type WorkerMessage =
  | { type: "reply"; id: number; reply: WireReply }
  | { type: "failure"; id: number; error: ErrorReport }
  | { type: "notification"; notification: WireNotification }
  | { type: "ask"; id: number; of: number; about: unknown[] }
  | { type: "dismiss"; id: number };

/** The end of a message channel, as a `Worker`, a worker's global scope and a `MessagePort` all offer it. */
export interface Port {
  postMessage(message: unknown, transfer?: Transferable[]): void;
  onmessage: ((event: MessageEvent) => unknown) | null;
}
