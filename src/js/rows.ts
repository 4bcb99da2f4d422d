import { internalError } from "./errors.js";
import type { WireColumns, WireRows } from "./messages.js";
import type { Row } from "./values.js";

/** What one writing statement did. */
export interface Executed<R = Row> {
  /** Rows inserted, updated or deleted. */
  rowsAffected: number;
  /** The idempotency key of the local transaction, if it wrote to a synced table. */
  transaction: string | null;
  /** The rows of a `RETURNING` clause. */
  rows: R[];
}

/** What one notification of a live query changed. `updated` pairs the row before with the row after. */
export interface Delta<R> {
  inserted: R[];
  updated: [before: R, after: R][];
  deleted: R[];
}

/** What turns the values of each column into the app's; where there is none they stay as they are. */
export type ColumnParsers = readonly (((value: unknown) => unknown) | undefined)[];

/** The values that rows were parsed from. */
export type Sources = WeakMap<object, readonly unknown[]>;

/** How a result is to be read, once its columns are known. */
export interface Reading {
  parsers?: ColumnParsers | undefined;
  sources?: Sources | undefined;
}

const NULL = 0;
const FALSE = 1;
const TRUE = 2;
const INT32 = 3;
const INT64 = 4;
const DOUBLE = 5;
const BLOB = 6;
const TEXT = 7;
const SHORT_TEXT = 8;

// A text may well begin with what elsewhere marks the order of bytes.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

/**
 * The row objects of a result. Of two columns with one name the last wins. The format stands in `src/tabs/rows.rs`; one loop
 * with everything at hand reads it twice as fast as one that asks for each cell.
 */
export function toRows<R>(bytes: WireRows | undefined, begin: (columns: WireColumns) => Reading = () => ({})): R[] {
  const rows: R[] = [];
  if (!bytes) return rows;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  /** What comes before the values. */
  const head: unknown[] = [];
  let columns: string[] | undefined;
  let blank: Record<string, unknown> = {};
  let row = blank;
  let source: unknown[] = [];
  let reading: Reading = {};
  let place = 0;
  for (let next = 0; next < bytes.length; ) {
    const end = next + 8 + view.getUint32(next, true);
    let at = next + 8;
    next = end + view.getUint32(at - 4, true);
    const text = decoder.decode(bytes.subarray(end, next));
    let from = 0;
    while (at < end) {
      let value: unknown;
      const kind = bytes[at++] as number;
      switch (kind) {
        case NULL:
          value = null;
          break;
        case FALSE:
          value = false;
          break;
        case TRUE:
          value = true;
          break;
        case INT32:
          value = view.getInt32(at, true);
          at += 4;
          break;
        case INT64:
          value = view.getInt32(at + 4, true) * 2 ** 32 + view.getUint32(at, true);
          if (!Number.isSafeInteger(value)) value = view.getBigInt64(at, true);
          at += 8;
          break;
        case DOUBLE:
          value = view.getFloat64(at, true);
          at += 8;
          break;
        case BLOB: {
          const length = view.getUint32(at, true);
          value = bytes.slice(at + 4, at + 4 + length);
          at += 4 + length;
          break;
        }
        case TEXT:
          value = text.slice(from, (from += view.getUint32(at, true)));
          at += 4;
          break;
        default:
          value = text.slice(from, (from += kind - SHORT_TEXT));
      }
      if (!columns) {
        head.push(value);
        const told = readHead(head);
        if (!told) continue;
        columns = told.columns;
        blank = blankRow(columns);
        reading = begin(told);
        continue;
      }
      if (place === 0) {
        row = { ...blank };
        rows.push(row as R);
        if (reading.sources) reading.sources.set(row, (source = []));
      }
      if (reading.sources) source.push(value);
      const parse = reading.parsers?.[place];
      if (parse && value !== null) value = parse(value);
      row[columns[place++] as string] = value;
      if (place === columns.length) place = 0;
    }
  }
  return rows;
}

/** The columns, once all that is told of them is in. */
function readHead(head: readonly unknown[]): WireColumns | undefined {
  const count = head[0] as number;
  const typed = head[count + 1];
  if (typed === undefined || (typed && head.length < 3 * count + 2)) return undefined;
  const texts = (from: number) => head.slice(from, from + count) as string[];
  return typed ? { columns: texts(1), origins: texts(count + 2), types: texts(2 * count + 2) } : { columns: texts(1) };
}

/** A row to begin with: what is assigned to has all its properties, one called `__proto__` as well. */
function blankRow(columns: readonly string[]): Record<string, unknown> {
  const blank = {};
  for (const column of columns) Object.defineProperty(blank, column, { value: null, enumerable: true, configurable: true, writable: true });
  return blank;
}

const KEEP = 0;
const REPLACE = 1;
const INSERT = 2;

/**
 * Makes the new result of a live query from the old one and the rows that are `fresh`. Kept rows are the same objects as before.
 *
 * @throws ThroughlineError `INTERNAL` when the steps do not fit the old result.
 */
export function applySteps<R>(old: readonly R[], fresh: readonly R[], steps: ArrayLike<number>): { rows: R[]; delta: Delta<R> } {
  // Most rows are where they were: a copy has them in one go.
  const rows = old.slice();
  let length = 0;
  const delta: Delta<R> = { inserted: [], updated: [], deleted: [] };
  const used = new Uint8Array(old.length);
  let kept = 0;
  let nextFresh = 0;

  for (let at = 0; at < steps.length; ) {
    const kind = steps[at++];
    const number = steps[at++] ?? NaN;
    if (kind === KEEP) {
      const end = number + (steps[at++] ?? NaN);
      if (!(end <= old.length)) throw internalError(`a live query step keeps rows up to ${end} of ${old.length}`);
      if (number === length) length = end;
      else for (let index = number; index < end; index++) rows[length++] = old[index] as R;
      used.fill(1, number, end);
      kept += end - number;
    } else if (kind === REPLACE) {
      if (!(number < old.length)) throw internalError(`a live query step names row ${number} of ${old.length}`);
      if (nextFresh >= fresh.length) throw internalError("a live query step has no values");
      const after = fresh[nextFresh++] as R;
      rows[length++] = after;
      delta.updated.push([old[number] as R, after]);
      used[number] = 1;
      kept++;
    } else if (kind === INSERT) {
      if (!(nextFresh + number <= fresh.length)) throw internalError("a live query step has no values");
      for (const end = nextFresh + number; nextFresh < end; ) {
        const row = fresh[nextFresh++] as R;
        rows[length++] = row;
        delta.inserted.push(row);
      }
    } else {
      throw internalError(`a live query step of the unknown kind ${kind}`);
    }
  }
  rows.length = length;
  if (kept < old.length) delta.deleted = old.filter((_, index) => !used[index]);
  return { rows, delta };
}

/** Two deltas in a row as one: a reader that was away sees the difference to what it saw last. */
export function mergeDeltas<R>(first: Delta<R>, second: Delta<R>): Delta<R> {
  const inserted = new Set(first.inserted);
  const before = new Map(first.updated.map(([old, row]) => [row, old]));
  const deleted = [...first.deleted];
  for (const row of second.deleted) {
    if (inserted.delete(row)) continue;
    deleted.push(before.get(row) ?? row);
    before.delete(row);
  }
  for (const [old, row] of second.updated) {
    if (inserted.delete(old)) {
      inserted.add(row);
    } else {
      before.set(row, before.get(old) ?? old);
      before.delete(old);
    }
  }
  for (const row of second.inserted) inserted.add(row);
  return { inserted: [...inserted], updated: [...before].map(([row, old]) => [old, row]), deleted };
}
