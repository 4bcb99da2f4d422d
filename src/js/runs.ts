import { reportUncaught, type ThroughlineError } from "./errors.js";
import { renew } from "./fresh.js";
import type { WireLive, WireStatement } from "./messages.js";
import type { ResultReader } from "./parsers.js";
import { applySteps, toRows, type ColumnParsers, type Delta, type Sources } from "./rows.js";

/** What the worker tells of one subscription. */
export interface LiveSink {
  apply(live: WireLive): void;
  fail(error: ThroughlineError): void;
  end(): void;
}

/** Starts a subscription in the worker; the result ends it. */
export type StartLive = (statement: WireStatement, key: string[], sink: LiveSink) => () => void;

/** Who hears of a result, and of how it ends. */
export interface Reader<R> {
  next(rows: readonly R[], delta: Delta<R>): void;
  fail(error: ThroughlineError): void;
  end(): void;
}

/**
 * The live queries that run for a page. Those that ask for the same share one subscription in the worker, one result and its row
 * objects: many parts of a page may well show the same rows.
 */
export class Runs {
  readonly #start: StartLive;
  readonly #reader: ResultReader;
  readonly #running = new Map<string, Run<any>>();

  constructor(start: StartLive, reader: ResultReader) {
    this.#start = start;
    this.#reader = reader;
  }

  /** Adds a reader of a query, which starts with the first one and ends when the last one has left by the function returned. */
  add<R>(statement: WireStatement, key: string[], reader: Reader<R>): () => void {
    const asked = JSON.stringify([statement.sql, key, statement.params.map(spell)]);
    let run = this.#running.get(asked) as Run<R> | undefined;
    if (!run) {
      const begin = (sink: LiveSink) => {
        const stop = this.#start(this.#reader.asking(statement), key, sink);
        return () => {
          // One that failed may have a successor by now.
          if (this.#running.get(asked) === run) this.#running.delete(asked);
          stop();
        };
      };
      this.#running.set(asked, (run = new Run(begin, this.#reader, key)));
    }
    return run.add(reader);
  }
}

/** A parameter as text that no other one has. */
function spell(value: unknown): string {
  return `${typeof value} ${value instanceof Date ? value.getTime() : String(value)}`;
}

/** One subscription in the worker, and who reads it here. */
class Run<R> {
  readonly #reader: ResultReader;
  readonly #key: readonly string[];
  readonly #readers = new Set<Reader<R>>();
  readonly #stop: () => void;
  /** The result, once there is one. */
  #current: readonly R[] | undefined;
  #parsers: ColumnParsers | undefined;
  /** What the parsed rows were made of; without parsers the rows tell themselves. */
  #sources: Sources | undefined;
  /** The columns and their types, as the current result was read. */
  #form: string | undefined;

  constructor(start: (sink: LiveSink) => () => void, reader: ResultReader, key: readonly string[]) {
    this.#reader = reader;
    this.#key = key;
    this.#stop = start({
      apply: (live) => this.#apply(live),
      fail: (error) => this.#finish((each) => each.fail(error)),
      end: () => this.#finish((each) => each.end()),
    });
  }

  add(given: Reader<R>): () => void {
    // The same one may be added twice.
    const reader: Reader<R> = { ...given };
    const rows = this.#current;
    this.#readers.add(reader);
    if (rows) queueMicrotask(() => this.#tell(reader, (each) => each.next(rows, { inserted: [...rows], updated: [], deleted: [] })));
    return () => {
      if (this.#readers.delete(reader) && this.#readers.size === 0) this.#stop();
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
    this.#current = rows;
    for (const reader of [...this.#readers]) this.#tell(reader, (each) => each.next(rows, delta));
  }

  #renew(old: readonly R[], fresh: readonly R[], columns: readonly string[]): { rows: R[]; delta: Delta<R> } | undefined {
    const valuesOf = (row: R) => this.#sources?.get(row as object) ?? columns.map((column) => row[column as keyof R]);
    return renew(old, fresh, { columns, key: this.#key, valuesOf });
  }

  #finish(tell: (reader: Reader<R>) => void): void {
    const readers = [...this.#readers];
    this.#stop();
    for (const reader of readers) this.#tell(reader, tell);
    this.#readers.clear();
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
