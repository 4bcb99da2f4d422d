import { closedError } from "./errors.js";
import type { Verification } from "./protocol.js";
import { Shapes } from "./shapes.js";

/** The calls about the database as a file. */
export class Files<Tables extends object> extends Shapes<Tables> {
  #closing: Promise<void> | undefined;

  /**
   * Recomputes every shadow row and compares: an empty list of problems means all is well.
   *
   * @example
   * ```ts
   * const { shadowRows, problems } = await db.verify();
   * ```
   */
  verify(): Promise<Verification> {
    return this.rpc.request({ type: "verify" });
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
    await this.rpc.request({ type: "wipe" });
    await this.rpc.answered();
    this.rpc.end(closedError());
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
    if (this.rpc.ended) return;
    try {
      await this.rpc.request({ type: "close" });
      await this.rpc.answered();
    } finally {
      this.rpc.end(closedError());
    }
  }
}
