/** For calls that can wait. */
export interface Waiting {
  /** Ends the wait with the signal's reason. What the worker has begun may still happen. */
  signal?: AbortSignal | undefined;
}

/** Starts something unless the signal has fired, and stops waiting for it when the signal fires. */
export async function abortable<T>(signal: AbortSignal | undefined, start: () => Promise<T>): Promise<T> {
  if (!signal) return start();
  signal.throwIfAborted();
  return new Promise<T>((resolve, reject) => {
    const abort = () => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    start()
      .then(resolve, reject)
      .finally(() => signal.removeEventListener("abort", abort));
  });
}
