/**
 * Svelte: live queries, status and outbox as stores, which a component reads with `$`. They need nothing of Svelte itself, so
 * they work with each version of it and with anything else that knows the store contract.
 *
 * @packageDocumentation
 */

import type { Database } from "./client.js";
import type { LiveOptions } from "./live.js";
import type { AnyTables, RowOf } from "./options.js";
import type { Status } from "./protocol.js";
import { outboxStore, statusStore, type OutboxState } from "./frameworks/outbox.js";
import { liveStore, questionOf, type AnyDatabase, type LiveState, type Store } from "./frameworks/store.js";
import type { StatementInput } from "./sql.js";
import type { Row, SqlInput } from "./values.js";

export type { LiveState, OutboxState };

/** Svelte's store contract. */
export interface Readable<State> {
  /** Calls back at once and after each change, until the function it returns is called. */
  subscribe(run: (state: State) => void): () => void;
}

/**
 * A live query. It runs while a component shows it; components that ask the same share one run.
 *
 * @example
 * ```svelte
 * <script>
 *   const todos = live(db, "SELECT * FROM todos WHERE list = ?", [list], { key: "id" });
 * </script>
 * {#each $todos.rows as todo (todo.id)}<li>{todo.title}</li>{/each}
 * ```
 */
export function live<R = Row, Tables extends object = AnyTables>(
  database: Database<Tables>,
  statement: StatementInput,
  params?: readonly SqlInput[],
  options?: LiveOptions<NoInfer<RowOf<Tables, R>>>,
): Readable<LiveState<RowOf<Tables, R>>> {
  const question = questionOf(statement, params, options as LiveOptions<never>)!;
  // Looked up by each subscriber: one that nobody shows is forgotten.
  return readable(() => liveStore<RowOf<Tables, R>>(database as unknown as AnyDatabase, question));
}

/**
 * The state of storage, shapes and uploads; `undefined` until it is known.
 *
 * @example
 * ```svelte
 * <script> const state = status(db); </script>
 * {#if $state?.pending}{$state.pending} on their way{/if}
 * ```
 */
export function status(database: Database<any>): Readable<Status | undefined> {
  return readable(() => statusStore(database));
}

/**
 * The transactions that are not yet settled.
 *
 * @example
 * ```svelte
 * <script> const writes = outbox(db); </script>
 * {#each $writes.rejected as { number, error } (number)}<li>{error.message}</li>{/each}
 * ```
 */
export function outbox(database: Database<any>): Readable<OutboxState> {
  return readable(() => outboxStore(database));
}

function readable<State>(find: () => Store<State>): Readable<State> {
  return {
    subscribe(run) {
      const store = find();
      const stop = store.subscribe(() => run(store.get()));
      run(store.get());
      return stop;
    },
  };
}
