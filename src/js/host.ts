import { ThroughlineError, workerError } from "./errors.js";
import { followPage, isVisible } from "./lifecycle.js";
import type { Marker } from "./marker.js";
import type { ResolvedOptions } from "./options.js";
import type { Rpc } from "./rpc.js";
import { hex } from "./values.js";

/** So many failures of the worker within a minute, and it is not started again. */
const FAILURES = 3;
const MINUTE = 60_000;

/**
 * Keeps a worker behind `rpc` until that ends: started, ended while the page sleeps, started anew when it dies.
 * Resolves when the database is open.
 */
export function host(rpc: Rpc, { wire, functions, worker: make = () => startWorker(workerUrl), workerUrl, wasmUrl }: ResolvedOptions, marker: Marker): Promise<void> {
  return new Promise((resolve, reject) => {
    // Not `crypto.randomUUID`, which only secure contexts have: an app under development may be served by plain HTTP.
    const session = hex(crypto.getRandomValues(new Uint8Array(16)));
    let worker: Worker | undefined;
    let wasOpen = false;
    let suspended = false;
    let failures: number[] = [];
    let restart: ReturnType<typeof setTimeout> | undefined;

    const start = () => {
      try {
        worker = make();
      } catch (error) {
        return fail(error as ThroughlineError);
      }
      worker.onerror = ({ message }) => fail(workerError(`the worker failed: ${message || "its script could not be loaded"}`));
      worker.onmessageerror = () => fail(workerError("the worker sent what cannot be read"));
      const seen = marker.read();
      const opened = rpc.attach(worker, {
        type: "open",
        options: rpc.connected === undefined ? wire : { ...wire, connect: rpc.connected },
        asks: functions.map(({ path }) => path),
        session,
        visible: isVisible(),
        ...(wasmUrl && { wasmUrl }),
        ...(seen && { seen }),
        ...(wasOpen && { term: true }),
      });
      opened.then(() => {
        wasOpen = true;
        resolve();
      }, fail);
    };
    const stop = () => {
      clearTimeout(restart);
      if (worker) worker.onerror = worker.onmessageerror = null;
      worker?.terminate();
      worker = undefined;
      rpc.detach();
    };
    const fail = (error: ThroughlineError) => {
      stop();
      const now = Date.now();
      failures = [...failures.filter((at) => now - at < MINUTE), now];
      if (wasOpen && failures.length < FAILURES && (error.retryable || error.code === "WORKER")) {
        restart = setTimeout(start, 250 * failures.length ** 2);
      } else {
        rpc.end(error);
        reject(error);
      }
    };

    const unfollow = followPage({
      suspend: () => {
        suspended = true;
        stop();
      },
      // Also called when the page was never away.
      resume: () => {
        if (suspended) start();
        suspended = false;
      },
      tell: (notice) => rpc.tell(notice),
    });
    rpc.onEnd.add(() => {
      unfollow();
      stop();
    });
    start();
  });
}

/** Bundlers find the worker by this very form, with literal arguments. */
function startWorker(url: string | undefined): Worker {
  const missing = ["Worker", "WebAssembly", "crypto"].filter((name) => !(globalThis as Record<string, unknown>)[name]);
  if (missing.length > 0) throw workerError(`open() runs in a browser, and here is no ${missing.join(", no ")}`);
  try {
    if (url) return new Worker(url, { type: "module", name: "throughline" });
    return new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "throughline" });
  } catch (cause) {
    throw workerError(`the worker could not be started: ${(cause as Error).message}`, cause);
  }
}
