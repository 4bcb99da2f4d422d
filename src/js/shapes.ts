import type { Waiting } from "./abort.js";
import type { ShapeOptions, SubsetOptions } from "./options.js";
import { Outbox } from "./outbox.js";

/** Which of a table's shapes. */
export interface OfShape extends Waiting {
  /** Its name among the table's shapes. Default: `default`. */
  name?: string | undefined;
}

/** The calls about what is synced. */
export class Shapes<Tables extends object> extends Outbox {
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
  async setShape(table: keyof Tables & string, shape: ShapeOptions, { name, ...waiting }: OfShape = {}): Promise<void> {
    await this.rpc.request({ type: "setShape", table, name, shape }, waiting);
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
  async removeShape(table: keyof Tables & string, { name, purge, ...waiting }: OfShape & { purge?: boolean | undefined } = {}): Promise<void> {
    await this.rpc.request({ type: "removeShape", table, name, purge }, waiting);
  }

  /**
   * Loads rows of a `changes_only` shape and keeps them in step from then on; they are loaded again when the server starts a new
   * log. Resolves to how many rows came, when queries show them.
   *
   * @param table - one that `open` declared.
   * @param subset - which rows; without it all of the shape's.
   * @param options - `shape`: its name among the table's shapes, by default `default`. `signal`, `timeout`: stop the wait; rows that
   * are on their way still come.
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
    { shape, ...waiting }: Waiting & { shape?: string | undefined } = {},
  ): Promise<number> {
    return this.rpc.request({ type: "loadSubset", table, name: shape, subset }, waiting);
  }

  /**
   * Lets sync run (the default).
   *
   * @example
   * ```ts
   * await db.connect();
   * ```
   */
  async connect(waiting?: Waiting): Promise<void> {
    await this.rpc.request({ type: "connect" }, waiting);
    this.rpc.connected = true;
  }

  /**
   * Stops all network traffic until `connect()`. Reading and writing go on locally.
   *
   * @example
   * ```ts
   * await db.disconnect();
   * ```
   */
  async disconnect(waiting?: Waiting): Promise<void> {
    await this.rpc.request({ type: "disconnect" }, waiting);
    this.rpc.connected = false;
  }
}
