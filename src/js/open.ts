import { abortable, type Waiting } from "./abort.js";
import { Database } from "./client.js";
import { closedError } from "./errors.js";
import { host } from "./host.js";
import { Marker } from "./marker.js";
import { resolveOptions, type AnyTables, type OpenOptions } from "./options.js";
import { Rpc } from "./rpc.js";

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
 * `SCHEMA_AHEAD`, `ARGUMENT`, `TIMEOUT`, or `WORKER` if the browser lacks something that is needed, or the worker or its wasm
 * cannot be loaded.
 */
export async function open<Tables extends object = AnyTables>(
  options: OpenOptions<Tables>,
  waiting: Waiting = {},
): Promise<Database<Tables>> {
  const resolved = resolveOptions(options, globalThis.document?.baseURI ?? globalThis.location?.href);
  const rpc = new Rpc(resolved.functions);
  const marker = new Marker(resolved.wire.name);
  const database = new Database<Tables>(rpc, resolved.reader, marker);
  try {
    await abortable(waiting, () => host(rpc, resolved, marker));
  } catch (error) {
    rpc.end(closedError());
    throw error;
  }
  return database;
}
