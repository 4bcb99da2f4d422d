import { reportUncaught, type ThroughlineError } from "./errors.js";
import { mergeDeltas, type Delta } from "./rows.js";
import type { Reader } from "./runs.js";
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

/**
 * A query that runs again whenever a table it reads has changed. It runs while somebody listens: the first
 * subscriber starts it, the last one that leaves ends it, and all of them share one run, those of other live queries with the same
 * statement and key as well: the row objects are the same for all.
 *
 * @example
 * ```ts
 * const live = db.live<"todos">("SELECT * FROM todos ORDER BY created_at", [], { key: "id" });
 * const stop = live.subscribe(({ rows, changes }) => render(rows, changes));
 * for await (const { rows } of live) if (rows.length > 10) break;
 * ```
 */
export class LiveQuery<R = Row> implements AsyncIterable<LiveResult<R>> {
  readonly #listen: (reader: Reader<R>) => () => void;
  #readers = 0;
  #rows: readonly R[] | undefined;
  #error: ThroughlineError | undefined;

  /** @internal */
  constructor(listen: (reader: Reader<R>) => () => void) {
    this.#listen = listen;
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
    if (this.#readers++ === 0) this.#error = undefined;
    let over = false;
    const leave = () => {
      if (!over) this.#readers--;
      over = true;
    };
    const stop = this.#listen({
      next: (rows, delta) => {
        this.#rows = rows;
        reader.next(rows, delta);
      },
      fail: (error) => {
        leave();
        this.#error = error;
        reader.fail(error);
      },
      end: () => {
        leave();
        reader.end();
      },
    });
    return () => {
      leave();
      stop();
    };
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
