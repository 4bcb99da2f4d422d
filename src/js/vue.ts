/**
 * Vue: a plugin that provides the database, and composables for live queries, status and outbox.
 *
 * @packageDocumentation
 */

import { inject, onScopeDispose, shallowReadonly, shallowRef, toValue, watchEffect, type App, type InjectionKey, type MaybeRefOrGetter, type ShallowRef } from "vue";
import type { Database } from "./client.js";
import type { ThroughlineError } from "./errors.js";
import type { LiveOptions } from "./live.js";
import type { AnyTables, RowOf } from "./options.js";
import type { Status } from "./protocol.js";
import { outboxStore, statusStore, type OutboxState } from "./frameworks/outbox.js";
import { IDLE, liveStore, questionOf, type AnyDatabase, type LiveInput, type LiveState, type Store } from "./frameworks/store.js";
import type { Row, SqlInput } from "./values.js";

export type { LiveInput, OutboxState };

const KEY: InjectionKey<Database> = Symbol("throughline");

/**
 * The plugin.
 *
 * @example
 * ```ts
 * createApp(Root).use(throughline, await open(options)).mount("#app");
 * ```
 */
export const throughline = {
  install(app: App, database: Database<any>): void {
    app.provide(KEY, database);
  },
};

/**
 * The database that the plugin was given.
 *
 * @throws Error in an app without the plugin.
 */
export function useDatabase<Tables extends object = AnyTables>(): Database<Tables> {
  const database = inject(KEY, undefined);
  if (!database) throw new Error("useDatabase and what builds on it need app.use(throughline, database)");
  return database as unknown as Database<Tables>;
}

/** A live query as refs. */
export interface LiveRefs<R> {
  /** The result in order, empty before the first one. A row that did not change is the same object as the last time. */
  rows: Readonly<ShallowRef<readonly R[]>>;
  /** There is no result yet. While a question changes, the rows of the one before stay. */
  loading: Readonly<ShallowRef<boolean>>;
  /** Why there will be none, or no further one. */
  error: Readonly<ShallowRef<ThroughlineError | undefined>>;
}

/**
 * A live query that ends with its component. It is asked anew when a ref or getter among its arguments changes.
 *
 * @example
 * ```ts
 * const { rows, loading } = useLive<Todo>("SELECT * FROM todos WHERE list = ?", () => [props.list], { key: "id" });
 * ```
 */
export function useLive<R = Row, Tables extends object = AnyTables>(
  statement: MaybeRefOrGetter<LiveInput>,
  params?: MaybeRefOrGetter<readonly SqlInput[] | undefined>,
  options?: LiveOptions<NoInfer<RowOf<Tables, R>>>,
): LiveRefs<RowOf<Tables, R>> {
  type Rows = RowOf<Tables, R>;
  const database = useDatabase() as unknown as AnyDatabase;
  const rows = shallowRef<readonly Rows[]>([]);
  const loading = shallowRef(false);
  const error = shallowRef<ThroughlineError>();
  const show = (state: LiveState<Rows>) => {
    if (!state.loading) rows.value = state.rows;
    loading.value = state.loading;
    error.value = state.error;
  };
  watchEffect(
    (onCleanup) => {
      const question = questionOf(toValue(statement), toValue(params), options as LiveOptions<never>);
      if (!question) return show(IDLE);
      const store = liveStore<Rows>(database, question);
      onCleanup(store.subscribe(() => show(store.get())));
      show(store.get());
    },
    { flush: "sync" },
  );
  return { rows: shallowReadonly(rows), loading: shallowReadonly(loading), error: shallowReadonly(error) };
}

/** The state of storage, shapes and uploads; `undefined` until it is known. */
export function useStatus(): Readonly<ShallowRef<Status | undefined>> {
  return useStore(statusStore(useDatabase() as unknown as AnyDatabase));
}

/**
 * The transactions that are not yet settled.
 *
 * @example
 * ```ts
 * const outbox = useOutbox();
 * const failed = computed(() => outbox.value.rejected.length);
 * ```
 */
export function useOutbox(): Readonly<ShallowRef<OutboxState>> {
  return useStore(outboxStore(useDatabase() as unknown as AnyDatabase));
}

function useStore<State>(store: Store<State>): Readonly<ShallowRef<State>> {
  const state = shallowRef(store.get());
  onScopeDispose(store.subscribe(() => (state.value = store.get())));
  return shallowReadonly(state);
}
