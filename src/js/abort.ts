import { argumentError, timeoutError } from "./errors.js";

/**
 * For calls that can wait.
 *
 * @example
 * ```ts
 * const rows = await db.query("SELECT * FROM todos", [], { signal: page.signal, timeout: 2_000 });
 * ```
 */
export interface Waiting {
  /** Ends the wait with the signal's reason. What has not begun by then does not happen; what has may. */
  signal?: AbortSignal | undefined;
  /** Milliseconds until the call rejects with `TIMEOUT`; a statement that still runs is interrupted. Default: no limit. */
  timeout?: number | undefined;
}

/** What `setTimeout` cannot wait for any more counts as no limit. */
export const NO_LIMIT = 2 ** 31;

/**
 * Starts something unless the signal has fired, and stops waiting for it when the signal fires or the time is up. What it starts
 * hears of both by a signal of its own.
 */
export async function abortable<T>({ signal, timeout = NO_LIMIT }: Waiting, start: (signal?: AbortSignal) => Promise<T>): Promise<T> {
  signal?.throwIfAborted();
  if (!(timeout >= 0)) throw argumentError("timeout must be milliseconds");
  if (!signal && timeout >= NO_LIMIT) return start();
  const control = new AbortController();
  const abort = () => control.abort(signal?.reason);
  const timer = timeout < NO_LIMIT ? setTimeout(() => control.abort(timeoutError(timeout)), timeout) : undefined;
  signal?.addEventListener("abort", abort);
  try {
    return await new Promise<T>((resolve, reject) => {
      control.signal.addEventListener("abort", () => reject(control.signal.reason));
      start(control.signal).then(resolve, reject);
    });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener("abort", abort);
  }
}
