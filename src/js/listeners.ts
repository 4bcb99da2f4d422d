import { reportUncaught } from "./errors.js";

/** Callbacks for one kind of event. One that throws does not keep the others from being called. */
export class Listeners<T> {
  readonly #callbacks = new Set<{ call(value: T): void }>();

  /** Adds a callback; the result removes it. The same function may be added twice. */
  add(callback: (value: T) => void): () => void {
    const entry = { call: callback };
    this.#callbacks.add(entry);
    return () => void this.#callbacks.delete(entry);
  }

  /** Calls each callback that is there now. */
  emit(value: T): void {
    for (const entry of [...this.#callbacks]) {
      if (!this.#callbacks.has(entry)) continue;
      try {
        entry.call(value);
      } catch (error) {
        reportUncaught(error);
      }
    }
  }
}
