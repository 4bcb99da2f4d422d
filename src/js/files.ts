import { abortable, type Waiting } from "./abort.js";
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
  verify(waiting?: Waiting): Promise<Verification> {
    return this.rpc.request({ type: "verify" }, waiting);
  }

  /**
   * The whole database as a standard SQLite file, writes that wait for the server included.
   *
   * @example
   * ```ts
   * const file = new Blob([await db.export()], { type: "application/vnd.sqlite3" });
   * link.href = URL.createObjectURL(file);
   * ```
   */
  async export(waiting?: Waiting): Promise<Uint8Array<ArrayBuffer>> {
    return (await this.rpc.request({ type: "export" }, waiting)).bytes;
  }

  /**
   * Puts a file that `export` made in the place of the database, in every tab. What is here goes, writes that wait for the
   * server included; those in the file are sent. Live queries tell what is different.
   *
   * @example
   * ```ts
   * await db.import(fileInput.files[0]);
   * ```
   * @throws ThroughlineError `ARGUMENT` for what is no database of this package, `SCHEMA_AHEAD` for one of a newer version; the
   * database stays as it is then.
   */
  async import(file: Uint8Array | ArrayBuffer | Blob, waiting?: Waiting): Promise<void> {
    // A copy, and it is not moved either: the next worker may have to be asked again.
    const bytes = new Uint8Array(await new Blob([file as BlobPart]).arrayBuffer());
    await this.rpc.request({ type: "import", bytes }, waiting);
  }

  /**
   * Deletes everything local, writes not yet sent included, and closes, in every tab. For signing out.
   *
   * @example
   * ```ts
   * await db.wipe();
   * location.assign("/sign-in");
   * ```
   * @throws ThroughlineError `STORAGE` if the disk refuses; some of it may be left then.
   */
  async wipe(waiting?: Waiting): Promise<void> {
    // First: whatever becomes of this, what is missing then is missing on purpose.
    this.marker.remove();
    this.rpc.leaving = true;
    try {
      await this.rpc.request({ type: "wipe" }, waiting);
    } catch (error) {
      this.rpc.leaving = false;
      throw error;
    }
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
   * @throws ThroughlineError `STORAGE` or `QUOTA` if what was not flushed yet, with `durability: "relaxed"`, could not be: it is closed.
   */
  close(waiting?: Waiting): Promise<void> {
    const closing = (this.#closing ??= this.#close());
    return waiting ? abortable(waiting, () => closing) : closing;
  }

  async #close(): Promise<void> {
    if (this.rpc.ended) return;
    this.rpc.leaving = true;
    try {
      await this.rpc.request({ type: "close" });
      await this.rpc.answered();
    } catch (error) {
      // What ended by itself meanwhile, or by another tab's wipe, is as closed as it can be.
      if (!this.rpc.ended) throw error;
    } finally {
      this.rpc.end(closedError());
    }
  }
}
