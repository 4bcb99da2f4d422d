/**
 * Solid: a provider, and primitives for live queries, status and outbox.
 *
 * @packageDocumentation
 */

import { createContext, createEffect, createSignal, onCleanup, useContext, type Accessor, type JSX } from "solid-js";
import type { Database } from "./client.js";
import type { LiveOptions } from "./live.js";
import type { AnyTables, RowOf } from "./options.js";
import type { Status } from "./protocol.js";
import { outboxStore, statusStore, type OutboxState } from "./frameworks/outbox.js";
import { IDLE, liveStore, LOADING, questionOf, type AnyDatabase, type LiveInput, type LiveState, type Store } from "./frameworks/store.js";
import type { Row, SqlInput } from "./values.js";

export type { LiveInput, LiveState, OutboxState };

const Context = createContext<Database>();

/**
 * Gives a database to the components below.
 *
 * @example
 * ```tsx
 * <DatabaseProvider database={db}><App /></DatabaseProvider>
 * ```
 */
export function DatabaseProvider(props: { database: Database<any>; children?: JSX.Element }): JSX.Element {
  return Context.Provider({
    value: props.database,
    get children() {
      return props.children;
    },
  });
}

/**
 * The database of the nearest provider.
 *
 * @throws Error outside a {@link DatabaseProvider}.
 */
export function useDatabase<Tables extends object = AnyTables>(): Database<Tables> {
  const database = useContext(Context);
  if (!database) throw new Error("useDatabase and what builds on it work below a <DatabaseProvider>");
  return database as unknown as Database<Tables>;
}

/**
 * A live query that ends with its owner. It is asked anew when a signal read by `statement` or `params` changes; until the new
 * result is there the old rows stay, with `loading: true`. A row that did not change stays the same object, as `<For>` likes it.
 *
 * @example
 * ```tsx
 * const todos = createLive<Todo>(() => sql`SELECT * FROM todos WHERE list = ${props.list}`, undefined, { key: "id" });
 * <For each={todos().rows}>{(todo) => <li>{todo.title}</li>}</For>
 * ```
 */
export function createLive<R = Row, Tables extends object = AnyTables>(
  statement: LiveInput | Accessor<LiveInput>,
  params?: Accessor<readonly SqlInput[] | undefined>,
  options?: LiveOptions<NoInfer<RowOf<Tables, R>>>,
): Accessor<LiveState<RowOf<Tables, R>>> {
  type Rows = RowOf<Tables, R>;
  const database = useDatabase() as unknown as AnyDatabase;
  const [state, setState] = createSignal<LiveState<Rows>>(LOADING);
  createEffect(() => {
    const asked = typeof statement === "function" ? statement() : statement;
    const question = questionOf(asked, params?.(), options as LiveOptions<never>);
    if (!question) return void setState(IDLE);
    const store = liveStore<Rows>(database, question);
    const show = () => setState((before) => (store.get().loading ? { ...LOADING, rows: before.rows } : store.get()));
    onCleanup(store.subscribe(show));
    show();
  });
  return state;
}

/** The state of storage, shapes and uploads; `undefined` until it is known. */
export function createStatus(): Accessor<Status | undefined> {
  return fromStore(statusStore(useDatabase() as unknown as AnyDatabase));
}

/**
 * The transactions that are not yet settled.
 *
 * @example
 * ```tsx
 * const outbox = createOutbox();
 * <Show when={outbox().rejected.length > 0}>…</Show>
 * ```
 */
export function createOutbox(): Accessor<OutboxState> {
  return fromStore(outboxStore(useDatabase() as unknown as AnyDatabase));
}

function fromStore<State>(store: Store<State>): Accessor<State> {
  const [state, setState] = createSignal(store.get(), { equals: false });
  onCleanup(store.subscribe(() => setState(() => store.get())));
  return state;
}
