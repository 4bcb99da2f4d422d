import { abortable, type Waiting } from "./abort.js";
import { Database } from "./client.js";
import { closedError, workerError } from "./errors.js";
import { resolveOptions, type AnyTables, type OpenOptions } from "./options.js";
import { Rpc } from "./rpc.js";
import { onWake } from "./wake.js";

/**
 * Opens a database in a worker of its own. Name the row types once and queries can use them.
 *
 * @example
 * ```ts
 * const db = await open<{ todos: Todo }>({
 *   name: "app",
 *   electric: { url: "/v1/shape" },
 *   write: { url: "/changes" },
 *   tables: { todos: { indexes: ["created_at"] } },
 * });
 * const todos: Todo[] = await db.query<"todos">("SELECT * FROM todos");
 * ```
 * @throws ThroughlineError `DATABASE_IN_USE` (retryable) while another tab holds it, `STORAGE`, `QUOTA`, `SCHEMA`,
 * `SCHEMA_AHEAD`, `ARGUMENT`, or `WORKER` if the worker or its wasm cannot be loaded.
 */
export async function open<Tables extends object = AnyTables>(
  options: OpenOptions<Tables>,
  { signal }: Waiting = {},
): Promise<Database<Tables>> {
  const resolved = resolveOptions(options, globalThis.document?.baseURI ?? globalThis.location?.href);
  signal?.throwIfAborted();
  const worker = startWorker(resolved.workerUrl);
  const rpc = new Rpc(worker, resolved.functions);
  const ignoreWake = onWake(() => rpc.wake());
  rpc.onEnd.add(() => {
    ignoreWake();
    worker.terminate();
  });
  worker.onerror = (event) => {
    rpc.end(workerError(`the worker failed: ${event.message || "its script could not be loaded"}`));
  };
  worker.onmessageerror = () => rpc.end(workerError("the worker sent what cannot be read"));
  try {
    await abortable(signal, () => rpc.open(resolved));
  } catch (error) {
    rpc.end(closedError());
    throw error;
  }
  return new Database<Tables>(rpc, resolved.reader);
}

/** Bundlers find the worker by this very form, with literal arguments. */
function startWorker(url: string | undefined): Worker {
  if (typeof Worker === "undefined") throw workerError("there are no workers here: open() runs in a browser");
  try {
    if (url) return new Worker(url, { type: "module", name: "throughline" });
    return new Worker(new URL("./worker.js", import.meta.url), { type: "module", name: "throughline" });
  } catch (cause) {
    throw workerError(`the worker could not be started: ${(cause as Error).message}`, cause);
  }
}
