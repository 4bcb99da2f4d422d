import { abortable, type Waiting } from "./abort.js";
import { Database } from "./client.js";
import { closedError } from "./errors.js";
import { host } from "./host.js";
import type { DeclaredTables, DeclaringOptions, RowsOf } from "./inferred.js";
import { Marker } from "./marker.js";
import { resolveOptions, type AnyTables, type OpenOptions, type ResolvedOptions } from "./options.js";
import type { Parsers } from "./parsers.js";
import { Rpc } from "./rpc.js";

/**
 * Opens a database in a worker of its own. Row types are those of the declared columns; where Electric's schema decides, name them
 * once and queries can use them.
 *
 * @example
 * ```ts
 * const db = await open({
 *   name: "app",
 *   electric: { url: "/v1/shape" },
 *   write: { url: "/changes" },
 *   tables: { todos: { columns: { id: "uuid", title: "text" }, primaryKey: ["id"] } },
 * });
 * const [todo] = await db.query<"todos">("SELECT * FROM todos"); // { id: string; title: string | null }
 * ```
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
export function open<const Tables extends DeclaredTables, const P extends Parsers = {}>(
  options: DeclaringOptions<Tables, P>,
  waiting?: Waiting,
): Promise<Database<RowsOf<Tables, P>>>;
export function open<Tables extends object = AnyTables>(options: OpenOptions<Tables>, waiting?: Waiting): Promise<Database<Tables>>;
export async function open<Tables extends object>(options: OpenOptions<Tables>, waiting: Waiting = {}): Promise<Database<Tables>> {
  return openResolved(resolveOptions(options, globalThis.document?.baseURI ?? globalThis.location?.href), waiting);
}

/** The same, of options that are ready to cross. */
export async function openResolved<Tables extends object>(resolved: ResolvedOptions, waiting: Waiting = {}): Promise<Database<Tables>> {
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
