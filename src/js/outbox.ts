import type { Waiting } from "./abort.js";
import type { Marker } from "./marker.js";
import type { WireRequest } from "./messages.js";
import type { ChangeRecord, TransactionRecord } from "./protocol.js";
import type { Rpc } from "./rpc.js";
import { encodeChanges, encodeMeta } from "./values.js";
import { settled, written, type Written } from "./written.js";

/** What a rejected transaction took along. */
export interface WithDependents extends Waiting {
  /** Them too. Default: false. */
  dependents?: boolean | undefined;
}

/** A change as an app hands it back: the members of a {@link ChangeRecord} that say what to do. */
export type ChangeEdit = Pick<ChangeRecord, "table" | "operation" | "key" | "value">;

/** The calls about local transactions on their way to the server. */
export class Outbox {
  /** @internal */
  protected readonly rpc: Rpc;
  /** @internal */
  protected readonly marker: Marker;

  /** @internal */
  constructor(rpc: Rpc, marker: Marker) {
    this.rpc = rpc;
    this.marker = marker;
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
  confirmed(id: string, waiting: Waiting = {}): Promise<TransactionRecord> {
    return settled(this.rpc, id, waiting);
  }

  /**
   * The transactions that are not yet confirmed, oldest first.
   *
   * @example
   * ```ts
   * for (const { id, state, attempts } of await db.pending()) console.log(id, state, attempts);
   * ```
   */
  pending(waiting?: Waiting): Promise<TransactionRecord[]> {
    return this.rpc.request({ type: "pending" }, waiting);
  }

  /**
   * The rejected transactions that the app has not dealt with, oldest first.
   *
   * @example
   * ```ts
   * for (const { changes, error } of await db.rejected()) showConflict(changes, error?.message);
   * ```
   */
  rejected(waiting?: Waiting): Promise<TransactionRecord[]> {
    return this.rpc.request({ type: "rejected" }, waiting);
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
  retry(number: number, { dependents, ...waiting }: WithDependents = {}): Written<string> {
    return this.#requeued(async () => ({ type: "retry", number, dependents }), waiting);
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
  edit(number: number, changes: readonly ChangeEdit[], { meta, ...waiting }: Waiting & { meta?: unknown } = {}): Written<string> {
    return this.#requeued(async () => ({ type: "edit", number, changes: encodeChanges(changes), ...encodeMeta(meta) }), waiting);
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
  async discard(number: number, { dependents, ...waiting }: WithDependents = {}): Promise<void> {
    await this.rpc.request({ type: "discard", number, dependents }, waiting);
  }

  #requeued(ask: () => Promise<Extract<WireRequest, { type: "retry" | "edit" }>>, waiting: Waiting): Written<string> {
    const run = async () => (await this.rpc.request(await ask(), waiting)).transaction;
    return written(
      this.rpc,
      run(),
      (key) => key,
      (key) => key,
    );
  }
}
