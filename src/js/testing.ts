/**
 * Tests under Node: the real database, in memory, before a server that the test scripts.
 *
 * @packageDocumentation
 */

import { open, type AnyTables, type Database, type OpenOptions, type Status } from "./index.js";
import { clock, turns, type Clock } from "./testing/clock.js";
import type { Filter } from "./testing/electric.js";
import { LocalWorker } from "./testing/engine.js";
import { servers } from "./testing/scope.js";
import { TestServer } from "./testing/server.js";
import type { ServerTable } from "./testing/table.js";

export type { Clock } from "./testing/clock.js";
export type { Filter } from "./testing/electric.js";
export type { GivenRow } from "./testing/rows.js";
export type { Matching, ServerChange, TestServer } from "./testing/server.js";
export type { ServerTable } from "./testing/table.js";

/** What {@link testWorld} takes. */
export interface WorldOptions {
  /** The server's tables, by their names there. */
  tables: Readonly<Record<string, ServerTable>>;
  /** For shapes with a condition: which rows meet it, by the condition's text. */
  filters?: Readonly<Record<string, Filter>> | undefined;
}

/** A server, and the databases before it. */
export interface World {
  readonly server: TestServer;
  /** The same one for every world of a process. */
  readonly clock: Clock;
  /**
   * Opens a database of this world, as another device each time. Options are those of `open`; by default it is in memory, reads and
   * writes at this world's server and has its tables.
   */
  open<Tables extends object = AnyTables>(options?: Partial<OpenOptions<Tables>>): Promise<Database<Tables>>;
  /** Resolves when every database has all the server's news and every write is settled. */
  settled(): Promise<void>;
  /** Closes the databases. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

let worlds = 0;

/**
 * Makes a world. It lives in this thread and in memory.
 *
 * @example
 * ```ts
 * const world = await testWorld({ tables: { todos: [{ id: 1, title: "Buy milk", completed: false }] } });
 * const db = await world.open();
 * await world.settled();
 * world.server.reject("not yours");
 * await db.execute("DELETE FROM todos WHERE id = 1");
 * await world.settled();
 * const [{ error }] = await db.rejected(); // "not yours", and the row is back
 * await world.close();
 * ```
 */
export async function testWorld({ tables, filters = {} }: WorldOptions): Promise<World> {
  const origin = `http://world-${++worlds}.test`;
  const devices = new Set<{ database: Database<any>; worker: LocalWorker }>();
  const server = new TestServer(tables, filters, () => {
    // As a browser tells its pages.
    for (const { worker } of devices) worker.postMessage({ type: "wake" });
  });
  servers.set(origin, (request) => server.answer(request));

  const close = async () => {
    await Promise.all([...devices].map(({ database }) => database.close()));
    devices.clear();
    servers.delete(origin);
  };
  return {
    server,
    clock,
    async open<Tables extends object = AnyTables>(options: Partial<OpenOptions<Tables>> = {}) {
      let worker!: LocalWorker;
      const database = await open<Tables>({
        name: `device-${devices.size + 1}`,
        storage: "memory",
        persist: false,
        worker: () => (worker = new LocalWorker()) as unknown as Worker,
        tables: Object.fromEntries(Object.keys(tables).map((name) => [name, {}])) as OpenOptions<Tables>["tables"],
        ...options,
        electric: { url: `${origin}/v1/shape`, ...options.electric },
        write: { url: `${origin}/changes`, ...options.write },
      });
      devices.add({ database, worker });
      return database;
    },
    async settled() {
      // Several turns in a row: what is on its way between two of them shows in one of them.
      for (let quiet = 0; quiet < 3; ) {
        await turns();
        const statuses = await Promise.all([...devices].map(({ database }) => database.status().catch(() => undefined)));
        quiet = server.isQuiet && statuses.every((status) => !status || isSettled(status)) ? quiet + 1 : 0;
      }
    },
    close,
    [Symbol.asyncDispose]: close,
  };
}

function isSettled({ pending, shapes }: Status): boolean {
  return pending === 0 && shapes.every(({ phase }) => phase === "live");
}
