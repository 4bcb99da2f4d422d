import { inUseError, storageError, ThroughlineError } from "./errors.js";
import { Marker } from "./marker.js";

/** A database that this browser keeps for the page's origin. */
export interface DatabaseInfo {
  /** As `open` was given it. */
  name: string;
  /** A tab has it open. */
  inUse: boolean;
}

/** Where the worker keeps them, each in a folder of its own. */
const FOLDER = ".throughline";

/**
 * The databases that this browser keeps, for instance those of users who signed in here before.
 *
 * @example
 * ```ts
 * for (const { name, inUse } of await databases()) if (!inUse && name !== mine) await deleteDatabase(name);
 * ```
 * @throws ThroughlineError `STORAGE` if the browser keeps nothing, as in some private windows.
 */
export async function databases(): Promise<DatabaseInfo[]> {
  return stored(async (folder) => {
    const names: string[] = [];
    for await (const [name, { kind }] of folder.entries()) if (kind === "directory") names.push(decodeURIComponent(name));
    const { held = [] } = await navigator.locks.query();
    const locks = new Set(held.map(({ name }) => name));
    return names.sort().map((name) => ({ name, inUse: locks.has(`throughline:${name}`) }));
  }, []);
}

/**
 * Deletes a database that no tab has open, writes not yet sent included; does nothing if there is none of that name. An open one
 * is deleted by its `wipe()`.
 *
 * @example
 * ```ts
 * await deleteDatabase(`app-${userId}`);
 * ```
 * @throws ThroughlineError `DATABASE_IN_USE` (retryable) while a tab has it open, `STORAGE`.
 */
export async function deleteDatabase(name: string): Promise<void> {
  await stored(
    (folder) =>
      navigator.locks.request(`throughline:${name}`, { ifAvailable: true }, async (lock) => {
        if (!lock) throw inUseError(name);
        await folder.removeEntry(encode(name), { recursive: true });
      }),
    undefined,
  );
  new Marker(name).remove();
}

/** Does something in the folder of the databases; `none` if that is not there. */
async function stored<T>(work: (folder: FileSystemDirectoryHandle) => Promise<T>, none: T): Promise<T> {
  try {
    const root = await navigator.storage.getDirectory();
    return await work(await root.getDirectoryHandle(FOLDER));
  } catch (error) {
    if (error instanceof ThroughlineError) throw error;
    if ((error as Error).name === "NotFoundError") return none;
    throw storageError(error);
  }
}

/** What `decodeURIComponent` reads, as the worker spells it for a folder. */
function encode(name: string): string {
  return encodeURIComponent(name)
    .replace(/[^\w%-]/g, (mark) => `%${mark.charCodeAt(0).toString(16)}`)
    .replace(/%../g, (byte) => byte.toLowerCase());
}
