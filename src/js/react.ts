/**
 * React: a provider, and hooks for live queries, status and outbox.
 *
 * @packageDocumentation
 */

import { createContext, createElement, useCallback, useContext, useEffect, useRef, useState, useSyncExternalStore, type ReactNode } from "react";
import type { Database } from "./client.js";
import type { LiveOptions } from "./live.js";
import type { AnyTables, RowOf } from "./options.js";
import type { Status } from "./protocol.js";
import { outboxStore, statusStore, type OutboxState } from "./frameworks/outbox.js";
import { IDLE, liveStore, LOADING, questionOf, type AnyDatabase, type LiveInput, type LiveState, type Store } from "./frameworks/store.js";
import type { Row, SqlInput } from "./values.js";

export type { LiveInput, LiveState, OutboxState };

/** How a component shows a live query. */
export interface UseLiveOptions<R = Row> extends LiveOptions<R> {
  /** Suspend until the first result and throw failures to the nearest error boundary. */
  suspense?: boolean | undefined;
  /** While a new question has no result, show the rows of the one before, with `loading: true`. */
  keepPrevious?: boolean | undefined;
}

const Context = createContext<Database | undefined>(undefined);

/**
 * Gives a database to the components below. Until it is open, and on a server, they are not rendered but `fallback` is; a
 * failure to open goes to the nearest error boundary.
 *
 * @example
 * ```tsx
 * const database = typeof window === "undefined" ? undefined : open(options);
 * <DatabaseProvider database={database} fallback={<Spinner />}><App /></DatabaseProvider>
 * ```
 */
export function DatabaseProvider({
  database,
  fallback,
  children,
}: {
  /** Open, or about to be. Make it outside the component: a promise made anew by each render never comes to an end. */
  database: Database<any> | PromiseLike<Database<any>> | undefined;
  fallback?: ReactNode;
  children?: ReactNode;
}): ReactNode {
  const [opened, setOpened] = useState<{ from: unknown; database?: Database; failure?: { error: unknown } }>();
  useEffect(() => {
    if (!isPending(database)) return;
    let unmounted = false;
    database.then(
      (value) => unmounted || setOpened({ from: database, database: value }),
      (error: unknown) => unmounted || setOpened({ from: database, failure: { error } }),
    );
    return () => void (unmounted = true);
  }, [database]);
  const known = opened?.from === database ? opened : undefined;
  if (known?.failure) throw known.failure.error;
  const value = isPending(database) ? known?.database : database;
  return value ? createElement(Context.Provider, { value }, children) : fallback;
}

function isPending<T>(value: T | PromiseLike<T> | undefined): value is PromiseLike<T> {
  return typeof (value as PromiseLike<T> | undefined)?.then === "function";
}

/**
 * The database of the nearest provider.
 *
 * @example
 * ```tsx
 * const db = useDatabase();
 * <button onClick={() => db.execute("DELETE FROM todos WHERE completed")}>Clear</button>
 * ```
 * @throws Error outside a {@link DatabaseProvider}.
 */
export function useDatabase<Tables extends object = AnyTables>(): Database<Tables> {
  const database = useContext(Context);
  if (!database) throw new Error("useDatabase and what builds on it work below a <DatabaseProvider>");
  return database as unknown as Database<Tables>;
}

/**
 * A live query. Components that ask the same share one run of it, and a row that did not change stays the same object.
 *
 * @example
 * ```tsx
 * const { rows, loading, error } = useLive<Todo>("SELECT * FROM todos WHERE list = ?", [list], { key: "id" });
 * const { rows: [item] } = useLive<Item>(selected && sql`SELECT * FROM items WHERE id = ${selected}`);
 * ```
 */
export function useLive<R = Row, Tables extends object = AnyTables>(
  statement: LiveInput,
  params?: readonly SqlInput[],
  options: UseLiveOptions<NoInfer<RowOf<Tables, R>>> = {},
): LiveState<RowOf<Tables, R>> {
  type Rows = RowOf<Tables, R>;
  const database = useDatabase() as unknown as AnyDatabase;
  const question = questionOf(statement, params, options as LiveOptions<never>);
  const store = question && liveStore<Rows>(database, question);
  const state = useStore<LiveState<Rows>>(store, IDLE, LOADING);
  const previous = useRef(state);
  useEffect(() => {
    if (!state.loading) previous.current = state;
  });
  if (options.suspense && state.error) throw state.error;
  if (options.suspense && state.loading && store) throw store.first();
  return options.keepPrevious && state.loading ? { ...state, rows: previous.current.rows } : state;
}

/**
 * The state of storage, shapes and uploads; `undefined` until it is known.
 *
 * @example
 * ```tsx
 * const pending = useStatus()?.pending ?? 0;
 * ```
 */
export function useStatus(): Status | undefined {
  return useStore(statusStore(useDatabase() as unknown as AnyDatabase), undefined, undefined);
}

/**
 * The transactions that are not yet settled, with what can be done about a rejected one.
 *
 * @example
 * ```tsx
 * const { rejected, retry, discard } = useOutbox();
 * rejected.map(({ number, error }) => <li key={number}>{error?.message} <button onClick={() => retry(number)}>Again</button></li>);
 * ```
 */
export function useOutbox(): OutboxState & Pick<Database, "retry" | "edit" | "discard"> {
  const database = useDatabase();
  const state = useStore(outboxStore(database as unknown as AnyDatabase), NOTHING, NOTHING);
  return {
    ...state,
    retry: (...about) => database.retry(...about),
    edit: (...about) => database.edit(...about),
    discard: (...about) => database.discard(...about),
  };
}

const NOTHING: OutboxState = { pending: [], rejected: [] };

/** `without`: the state where there is no store; `onServer`: what a server renders, and what the browser takes over from it. */
function useStore<State>(store: Store<State> | undefined, without: State, onServer: State): State {
  const subscribe = useCallback((onChange: () => void) => store?.subscribe(onChange) ?? (() => {}), [store]);
  return useSyncExternalStore(
    subscribe,
    () => (store ? store.get() : without),
    () => (store ? onServer : without),
  );
}
