import { internalError } from "./errors.js";
import type { WireLive, WireRows } from "./messages.js";
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

/** Flat values as row objects. Of two columns with one name the last wins. */
export function toRows<R>({ columns, values }: WireRows, parsers?: ColumnParsers, sources?: Sources): R[] {
  const width = columns.length;
  if (width === 0) return [];
  const plain = !columns.includes("__proto__");
  const rows = new Array<R>(values.length / width);
  for (let index = 0, at = 0; at < values.length; index++) {
    const row: Record<string, unknown> = {};
    for (let place = 0; place < width; place++) {
      const column = columns[place] as string;
      const parse = parsers?.[place];
      let value = values[at++];
      if (parse && value !== null) value = parse(value);
      // Assigning to `__proto__` would change the prototype instead of adding a property.
      if (plain || column !== "__proto__") row[column] = value;
      else Object.defineProperty(row, column, { value, enumerable: true, configurable: true, writable: true });
    }
    sources?.set(row, values.slice(at - width, at));
    rows[index] = row as R;
  }
  return rows;
}

const KEEP = 0;
const REPLACE = 1;
const INSERT = 2;

/**
 * Makes the new result of a live query from the old one. Kept rows are the same objects as before.
 *
 * @throws ThroughlineError `INTERNAL` when the steps do not fit the old result.
 */
export function applySteps<R>(
  old: readonly R[],
  live: Pick<WireLive, "columns" | "values" | "steps">,
  parsers?: ColumnParsers,
  sources?: Sources,
): { rows: R[]; delta: Delta<R> } {
  const { steps } = live;
  const fresh = toRows<R>(live, parsers, sources);
  const rows: R[] = [];
  const delta: Delta<R> = { inserted: [], updated: [], deleted: [] };
  const used = new Uint8Array(old.length);
  let nextFresh = 0;

  const take = (from: number): R => {
    if (!(from < old.length)) throw internalError(`a live query step names row ${from} of ${old.length}`);
    used[from] = 1;
    return old[from] as R;
  };
  const takeFresh = (): R => {
    if (nextFresh >= fresh.length) throw internalError("a live query step has no values");
    return fresh[nextFresh++] as R;
  };

  for (let at = 0; at < steps.length; ) {
    const kind = steps[at++];
    if (kind === KEEP) {
      const from = steps[at++] ?? NaN;
      const end = from + (steps[at++] ?? NaN);
      if (!(end <= old.length)) throw internalError(`a live query step keeps rows up to ${end} of ${old.length}`);
      for (let index = from; index < end; index++) rows.push(take(index));
    } else if (kind === REPLACE) {
      const before = take(steps[at++] ?? NaN);
      const after = takeFresh();
      rows.push(after);
      delta.updated.push([before, after]);
    } else if (kind === INSERT) {
      const count = steps[at++] ?? 0;
      for (let added = 0; added < count; added++) {
        const row = takeFresh();
        rows.push(row);
        delta.inserted.push(row);
      }
    } else {
      throw internalError(`a live query step of the unknown kind ${kind}`);
    }
  }
  old.forEach((row, index) => {
    if (!used[index]) delta.deleted.push(row);
  });
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
