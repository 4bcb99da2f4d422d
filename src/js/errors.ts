import type { AskFailure } from "./messages.js";
import type { ErrorReport } from "./protocol.js";

/**
 * The stable codes an app may match on; `src/error.rs` says what each one means. Two are this side's own. `WORKER`: the
 * browser lacks what `open` needs, or the worker could not start, or died again and again. `PARSER`: one of the app's own
 * `parsers` threw its `cause`; the statement itself has run. A rejection carries the server's own code.
 *
 * - `LEADER_CHANGED` (retryable): another tab, or a new worker, took the database over in the middle of an interactive
 *   transaction. It was rolled back, unless its commit was already under way: run it again.
 * - `TIMEOUT`: the call's own `timeout`, or `statementTimeout`, was over. A statement was interrupted and has changed nothing.
 * - `CORRUPT`: the file was broken. It is set aside and rebuilt; `db.on("recovered", …)` tells what could be saved.
 */
export type ErrorCode =
  | "ARGUMENT"
  | "SCHEMA"
  | "SQL"
  | "CONSTRAINT"
  | "FORBIDDEN"
  | "TRANSACTION_CLOSED"
  | "LEADER_CHANGED"
  | "TIMEOUT"
  | "CLOSED"
  | "DATABASE_IN_USE"
  | "STORAGE"
  | "QUOTA"
  | "CORRUPT"
  | "SCHEMA_AHEAD"
  | "PROTOCOL"
  | "SHAPE_REJECTED"
  | "AUTH"
  | "ENDPOINT"
  | "NETWORK"
  | "INTERNAL"
  | "PARSER"
  | "WORKER";

/**
 * What every call of this package rejects with.
 *
 * @example
 * ```ts
 * try {
 *   await db.execute("INSERT INTO todos (id) VALUES (?)", [id]);
 * } catch (error) {
 *   if (error instanceof ThroughlineError && error.code === "CONSTRAINT") showTaken(id);
 *   else throw error;
 * }
 * ```
 */
export class ThroughlineError extends Error {
  override readonly name = "ThroughlineError";
  /** Stable and upper case. */
  readonly code: ErrorCode | (string & {});
  /** Whether the same call can succeed later without a change in the app. */
  readonly retryable: boolean;

  constructor(report: ErrorReport, options?: ErrorOptions) {
    super(report.message, options);
    this.code = report.code;
    this.retryable = report.retryable;
  }
}

/** The caller passed something the API does not take. */
export function argumentError(message: string, cause?: unknown): ThroughlineError {
  return failure("ARGUMENT", message, cause);
}

/** The database was closed or wiped. */
export function closedError(): ThroughlineError {
  return failure("CLOSED", "the database is closed");
}

/** The interactive transaction is over. */
export function transactionClosedError(): ThroughlineError {
  return failure("TRANSACTION_CLOSED", "the transaction is already over: its callback has ended");
}

/** The time the caller gave is over. */
export function timeoutError(timeout: number): ThroughlineError {
  return failure("TIMEOUT", `not done within ${timeout} ms`);
}

/** The worker that held the transaction is gone. */
export function leaderChangedError(): ThroughlineError {
  return failure("LEADER_CHANGED", "the transaction is lost: another worker has the database now", undefined, true);
}

/** Another tab holds the database. */
export function inUseError(name: string): ThroughlineError {
  return failure("DATABASE_IN_USE", `database ${JSON.stringify(name)} is open in another tab`, undefined, true);
}

/** The browser's storage refused. */
export function storageError(cause: unknown): ThroughlineError {
  return failure("STORAGE", `storage: ${(cause as Error).message}`, cause);
}

/** The worker could not start, or died; what was under way may or may not have happened. */
export function workerError(message: string, cause?: unknown): ThroughlineError {
  return failure("WORKER", message, cause);
}

/** A parser of the app's threw. */
export function parserError(where: string, cause: unknown): ThroughlineError {
  return failure("PARSER", `the parser for ${where} failed: ${cause instanceof Error ? cause.message : String(cause)}`, cause);
}

/** A bug in this package. */
export function internalError(message: string, cause?: unknown): ThroughlineError {
  return failure("INTERNAL", `internal error, please report it: ${message}`, cause);
}

function failure(code: ErrorCode, message: string, cause?: unknown, retryable = false): ThroughlineError {
  return new ThroughlineError({ code, message, retryable }, cause === undefined ? undefined : { cause });
}

/** The plain form of anything thrown, for `postMessage`, which drops an error's own fields. */
export function toReport(error: unknown): ErrorReport {
  const { code, message, retryable } = (error ?? {}) as Partial<Record<keyof ErrorReport, unknown>>;
  if (typeof code === "string") return { code, message: String(message), retryable: retryable === true };
  return { code: "INTERNAL", message: error instanceof Error ? `${error.name}: ${error.message}` : String(error), retryable: false };
}

/** The plain form of what a function of the app's threw: what it does not say stays open. */
export function toFailure(error: unknown): AskFailure {
  const { code, retryable, status, body } = (error ?? {}) as { [Field in keyof AskFailure]?: unknown };
  return {
    message: error instanceof Error ? error.message : String(error),
    ...(typeof code === "string" && { code }),
    ...(typeof retryable === "boolean" && { retryable }),
    ...(typeof status === "number" && { status }),
    ...(body !== undefined && { body: typeof body === "string" ? body : JSON.stringify(body) }),
  };
}

/** Lets an error nobody catches reach the page's `error` event instead of vanishing. */
export function reportUncaught(error: unknown): void {
  if (typeof reportError === "function") return reportError(error);
  queueMicrotask(() => {
    throw error;
  });
}
