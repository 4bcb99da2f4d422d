import { reportUncaught, type ThroughlineError } from "./errors.js";
import { renew } from "./fresh.js";
import type { WireLive } from "./messages.js";
import type { ResultReader } from "./parsers.js";
import { applySteps, mergeDeltas, toRows, type ColumnParsers, type Delta, type Sources } from "./rows.js";
import type { Row } from "./values.js";

/** How a live query tells its rows apart. */
export interface LiveOptions<R = Row> {
  /** The result column or columns that name a row. Without it rows are matched by content, and none is `updated`. */
  key?: (keyof R & string) | readonly (keyof R & string)[] | undefined;
}

/** What a live query tells: its whole result, and what changed since the last time. */
export interface LiveResult<R = Row> {
  /** The result in order. A row that did not change is the same object as the last time. */
  rows: readonly R[];
  /** The first time all rows are `inserted`. A row that only moved is in none of the lists. */
  changes: { inserted: R[]; updated: R[]; deleted: R[] };
}

/** What the worker tells of one subscription. */
export interface LiveSink {
  apply(live: WireLive): void;
  fail(error: ThroughlineError): void;
  end(): void;
}

/** Starts a subscription in the worker; the result ends it. */
export type StartLive = (sink: LiveSink) => () => void;

interface Reader<R> {
  next(rows: readonly R[], delta: Delta<R>): void;
  fail(error: ThroughlineError): void;
  end(): void;
}

/**
 * A query that runs again whenever a table it reads has changed. It runs while somebody listens: the first
 * subscriber starts it, the last one that leaves ends it, and all of them share one run.
 *
 * @example
 * ```ts
 * const live = db.live<"todos">("SELECT * FROM todos ORDER BY created_at", [], { key: "id" });
 * const stop = live.subscribe(({ rows, changes }) => render(rows, changes));
 * for await (const { rows } of live) if (rows.length > 10) break;
 * ```
 */
export class LiveQuery<R = Row> implements AsyncIterable<LiveResult<R>> {
  readonly #start: StartLive;
  readonly #reader: ResultReader;
  readonly #key: readonly string[];
  readonly #readers = new Set<Reader<R>>();
  #stop: (() => void) | undefined;
  /** The result of the running subscription, once there is one. */
  #current: readonly R[] | undefined;
  #parsers: ColumnParsers | undefined;
  /** What the parsed rows were made of; without parsers the rows tell themselves. */
  #sources: Sources | undefined;
  /** The columns and their types, as the current result was read. */
  #form: string | undefined;
  #rows: readonly R[] | undefined;
  #error: ThroughlineError | undefined;

  /** @internal */
  constructor(start: StartLive, reader: ResultReader, key: readonly string[]) {
    this.#start = start;
    this.#reader = reader;
    this.#key = key;
  }

  /** The last result, the same array until the next one; `undefined` before the first. */
  get rows(): readonly R[] | undefined {
    return this.#rows;
  }

  /** Why the query ended, if it failed; subscribing again tries anew. */
  get error(): ThroughlineError | undefined {
    return this.#error;
  }

  /**
   * Calls back with the result, soon and after each change, until the function it returns is called. An error ends
   * the subscription; without `onError` it is reported as uncaught.
   *
   * @example
   * ```ts
   * const stop = live.subscribe(({ rows }) => render(rows), (error) => showError(error.message));
   * ```
   */
  subscribe(onChange: (result: LiveResult<R>) => void, onError?: (error: ThroughlineError) => void): () => void {
    return this.#add({
      next: (rows, delta) => onChange(toResult(rows, delta)),
      fail: onError ?? reportUncaught,
      end: () => {},
    });
  }

  /**
   * Iterates over the results. A slow reader gets the latest, with all changes since the one it saw last. Ends when
   * the database is closed, throws when the query fails.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<LiveResult<R>, undefined> {
    return iterate((reader) => this.#add(reader));
  }

  #add(reader: Reader<R>): () => void {
    this.#readers.add(reader);
    const rows = this.#current;
    if (!this.#stop) {
      this.#error = undefined;
      this.#stop = this.#start({
        apply: (live) => this.#apply(live),
        fail: (error) => this.#finish((each) => each.fail(error), error),
        end: () => this.#finish((each) => each.end()),
      });
    } else if (rows) {
      queueMicrotask(() => this.#tell(reader, (each) => each.next(rows, { inserted: [...rows], updated: [], deleted: [] })));
    }
    return () => {
      if (this.#readers.delete(reader) && this.#readers.size === 0) this.#halt();
    };
  }

  #apply(live: WireLive): void {
    const [old, form] = [this.#current, this.#form];
    let columns: readonly string[] = [];
    const fresh = toRows<R>(live.rows, (told) => {
      columns = told.columns;
      if (told.types) {
        this.#parsers = this.#reader.parsersOf(told);
        this.#sources = this.#parsers && (this.#sources ?? new WeakMap());
      }
      if (!old || live.fresh || told.types) this.#form = JSON.stringify(told);
      return { parsers: this.#parsers, sources: this.#sources };
    });
    // Rows that were read in another way are none of the new ones: then all of them are told anew.
    const known = old && live.fresh && form === this.#form;
    const result = known ? this.#renew(old, fresh, columns) : applySteps<R>(old ?? [], fresh, live.steps);
    if (!result) return;
    const { rows, delta } = result;
    this.#current = this.#rows = rows;
    for (const reader of [...this.#readers]) this.#tell(reader, (each) => each.next(rows, delta));
  }

  #renew(old: readonly R[], fresh: readonly R[], columns: readonly string[]): { rows: R[]; delta: Delta<R> } | undefined {
    const valuesOf = (row: R) => this.#sources?.get(row as object) ?? columns.map((column) => row[column as keyof R]);
    return renew(old, fresh, { columns, key: this.#key, valuesOf });
  }

  #finish(tell: (reader: Reader<R>) => void, error?: ThroughlineError): void {
    const readers = [...this.#readers];
    this.#error = error;
    this.#halt();
    for (const reader of readers) this.#tell(reader, tell);
    for (const reader of readers) this.#readers.delete(reader);
  }

  #halt(): void {
    const stop = this.#stop;
    this.#stop = this.#current = this.#parsers = this.#sources = undefined;
    stop?.();
  }

  #tell(reader: Reader<R>, tell: (reader: Reader<R>) => void): void {
    if (!this.#readers.has(reader)) return;
    try {
      tell(reader);
    } catch (error) {
      reportUncaught(error);
    }
  }
}

function toResult<R>(rows: readonly R[], { inserted, updated, deleted }: Delta<R>): LiveResult<R> {
  return { rows, changes: { inserted: [...inserted], updated: updated.map(([, after]) => after), deleted: [...deleted] } };
}

/** Written out because a generator's `return()` would wait for the next result before it ends. */
function iterate<R>(listen: (reader: Reader<R>) => () => void): AsyncIterableIterator<LiveResult<R>, undefined> {
  type Step = IteratorResult<LiveResult<R>, undefined>;
  const waiting: { resolve(step: Step): void; reject(error: unknown): void }[] = [];
  let unread: { rows: readonly R[]; delta: Delta<R> } | undefined;
  let over: { error?: ThroughlineError } | undefined;
  let stop: (() => void) | undefined;

  const settle = () => {
    for (let next = waiting[0]; next; next = waiting[0]) {
      if (unread) {
        next.resolve({ done: false, value: toResult(unread.rows, unread.delta) });
        unread = undefined;
      } else if (over?.error) {
        next.reject(over.error);
        over = {};
      } else if (over) {
        next.resolve({ done: true, value: undefined });
      } else {
        return;
      }
      waiting.shift();
    }
  };
  const finish = (error?: ThroughlineError) => {
    over ??= error ? { error } : {};
    settle();
  };
  const reader: Reader<R> = {
    next(rows, delta) {
      unread = { rows, delta: unread ? mergeDeltas(unread.delta, delta) : delta };
      settle();
    },
    fail: finish,
    end: () => finish(),
  };
  return {
    next: () =>
      new Promise<Step>((resolve, reject) => {
        waiting.push({ resolve, reject });
        if (!over) stop ??= listen(reader);
        settle();
      }),
    return: async () => {
      unread = undefined;
      stop?.();
      finish();
      return { done: true, value: undefined };
    },
    [Symbol.asyncIterator]() {
      return this;
    },
  };
}
