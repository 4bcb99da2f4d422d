import type { Seen, Status } from "./protocol.js";

/**
 * What the page knows to be in the database's file, kept outside of it: so a file that the browser threw away is told from one
 * that was never there. It only informs; a browser that refuses it loses nothing else.
 */
export class Marker {
  readonly #key: string;
  #pending: number | undefined;

  constructor(name: string) {
    this.#key = `throughline:${name}`;
  }

  /** What is there. */
  read(): Seen | undefined {
    const { pending, at } = attempt((storage) => JSON.parse(storage.getItem(this.#key) as string)) ?? {};
    return pending >= 0 && at >= 0 ? { pending: +pending, at: +at } : undefined;
  }

  /** Writes what a status says, unless that is there: the other tabs hear the same status. */
  note({ pending: unconfirmed, rejected, storage }: Status): void {
    const pending = unconfirmed + rejected;
    if (storage.persistence !== "opfs" || pending === this.#pending) return;
    this.#pending = pending;
    if (this.read()?.pending === pending) return;
    attempt((storage) => storage.setItem(this.#key, JSON.stringify({ pending, at: Date.now() })));
  }

  /** The file is gone, and shall be. */
  remove(): void {
    attempt((storage) => storage.removeItem(this.#key));
  }
}

interface LocalStorage {
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
}

/** It may be forbidden, full or not there at all. */
function attempt<T>(work: (storage: LocalStorage) => T): T | undefined {
  try {
    return work((globalThis as unknown as { localStorage: LocalStorage }).localStorage);
  } catch {
    return undefined;
  }
}
