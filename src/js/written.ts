import { abortable, type Waiting } from "./abort.js";
import { ThroughlineError } from "./errors.js";
import type { TransactionRecord } from "./protocol.js";
import type { Rpc } from "./rpc.js";

/**
 * A write: as a promise it resolves once it is durable here; what the server says of it comes later.
 *
 * @example
 * ```ts
 * const write = db.execute("UPDATE todos SET completed = ? WHERE id = ?", [true, id]);
 * await write; // on disk
 * await write.confirmed(); // the server has it, and its rows came back
 * ```
 */
export type Written<T> = Promise<T> & {
  /**
   * Resolves when the server has accepted the write and its rows are back, with the transaction's record; with `null` if there was
   * nothing to send. After a reload {@link Database.confirmed} goes on waiting for it.
   *
   * @throws ThroughlineError with the server's code if it was rejected, `cause` being the record; what the write itself rejects with.
   */
  confirmed(options?: Waiting): Promise<TransactionRecord | null>;
};

/** Hangs `confirmed` on the promise of a write; `key` finds the transaction's idempotency key in what it resolves to. */
export function written<All, T>(rpc: Rpc, write: Promise<All>, key: (all: All) => string | null, value: (all: All) => T): Written<T> {
  const confirmed = (waiting: Waiting = {}) =>
    abortable(waiting, async (signal) => {
      const id = key(await write);
      return id === null ? null : settled(rpc, id, { signal });
    });
  return Object.assign(write.then(value), { confirmed });
}

/** The record of a transaction once it is confirmed. */
export async function settled(rpc: Rpc, id: string, waiting: Waiting): Promise<TransactionRecord> {
  const [record] = await rpc.request({ type: "settled", id }, waiting);
  if (record.state === "confirmed") return record;
  const report = record.error ?? { code: "REJECTED", message: "the server refused it", retryable: false };
  throw new ThroughlineError(report, { cause: record });
}
