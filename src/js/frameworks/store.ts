import type { Database } from "../client.js";
import type { ThroughlineError } from "../errors.js";
import type { LiveOptions, LiveQuery } from "../live.js";
import type { Statement, StatementInput } from "../sql.js";
import type { Row, SqlInput } from "../values.js";

/** What a component shows of a live query. A new object whenever anything in it is different. */
export interface LiveState<R = Row> {
  /** The result in order, empty before the first one. A row that did not change is the same object as the last time. */
  rows: readonly R[];
  /** There is no result yet. */
  loading: boolean;
  /** Why there will be none, or no further one. */
  error: ThroughlineError | undefined;
}

/** Something that changes, as a framework reads it: the state now, and a call whenever it is another. */
export interface Store<State> {
  get(): State;
  subscribe(onChange: () => void): () => void;
}

/** What to ask: SQL text, a statement made by `sql`, or text with parameters. Nothing: not yet. */
export type LiveInput = StatementInput | null | undefined | false;

/** What a framework needs of a database, whatever its row types. */
export interface AnyDatabase extends Pick<Database, "onStatus" | "on" | "pending" | "rejected"> {
  live(statement: Statement, options?: Pick<LiveQuestion, "key">): LiveQuery<unknown>;
}

/** The state of a query that is not asked. */
export const IDLE: LiveState<never> = { rows: [], loading: false, error: undefined };
/** The state of a query before its first result. */
export const LOADING: LiveState<never> = { rows: [], loading: true, error: undefined };

/**
 * A live query as a store; it runs while somebody subscribes. The last one's leaving counts only if nobody came in the same turn, as when
 * one component makes way for another.
 */
export class LiveStore<R> implements Store<LiveState<R>> {
  readonly #live: LiveQuery<R>;
  readonly #onUnused: () => void;
  readonly #readers = new Set<() => void>();
  #subscribers = 0;
  #state: LiveState<R> = LOADING;
  #stop: (() => void) | undefined;
  #first: Promise<void> | undefined;

  constructor(live: LiveQuery<R>, onUnused: () => void) {
    this.#live = live;
    this.#onUnused = onUnused;
  }

  get(): LiveState<R> {
    return this.#state;
  }

  subscribe(onChange: () => void): () => void {
    // The same function may be there twice.
    const reader = () => onChange();
    this.#readers.add(reader);
    this.#subscribers++;
    this.#stop ??= this.#live.subscribe(
      ({ rows }) => this.#set({ rows, loading: false, error: undefined }),
      (error) => {
        // Whoever subscribes next tries anew.
        this.#stop = undefined;
        this.#set({ ...this.#state, loading: false, error });
      },
    );
    return () => {
      if (this.#readers.delete(reader)) setTimeout(() => this.#leave());
    };
  }

  /** Resolves with the first result or the failure. Whoever waits counts as a subscriber until then. */
  first(): Promise<void> {
    return (this.#first ??= new Promise((resolve) => {
      const stop = this.subscribe(() => {
        stop();
        resolve();
      });
    }));
  }

  #leave(): void {
    if (--this.#subscribers > 0) return;
    this.#stop?.();
    this.#stop = undefined;
    this.#onUnused();
  }

  #set(state: LiveState<R>): void {
    this.#state = state;
    for (const reader of [...this.#readers]) if (this.#readers.has(reader)) reader();
  }
}

/** What makes a query the same query. */
export interface LiveQuestion {
  sql: string;
  params: readonly SqlInput[];
  key: string | readonly string[] | undefined;
}

/** The question that an adapter's arguments put; `undefined`: none yet. */
export function questionOf(statement: LiveInput, params?: readonly SqlInput[], options?: LiveOptions<never>): LiveQuestion | undefined {
  if (!statement) return undefined;
  const { sql, params: own } = typeof statement === "string" ? { sql: statement, params } : statement;
  return { sql, params: own ?? [], key: options?.key };
}

/** A text that two questions share when they are the same. */
export function nameOf({ sql, params, key }: LiveQuestion): string {
  return JSON.stringify([sql, key ?? [], ...params.map(spell)]);
}

function spell(value: SqlInput): unknown {
  if (typeof value === "bigint") return [`${value}`];
  if (value instanceof Uint8Array) return { bytes: [...value] };
  if (value instanceof Date) return { at: +value };
  // JSON has no words for these, and null for all of them.
  return typeof value === "number" && !Number.isFinite(value) ? [String(value)] : (value ?? null);
}

const stores = new WeakMap<AnyDatabase, Map<string, LiveStore<unknown>>>();

/** The store of a question: components that ask the same share one live query, its rows and their identity. */
export function liveStore<R>(database: AnyDatabase, question: LiveQuestion): LiveStore<R> {
  const known = stores.get(database) ?? new Map<string, LiveStore<unknown>>();
  stores.set(database, known);
  const name = nameOf(question);
  let store = known.get(name);
  if (!store) {
    const { sql, params, key } = question;
    store = new LiveStore(database.live({ sql, params }, { key }), () => known.delete(name));
    known.set(name, store);
  }
  return store as unknown as LiveStore<R>;
}
