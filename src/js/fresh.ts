import type { Delta } from "./rows.js";

/** How the rows of a live query are told apart. */
export interface Identity<R> {
  columns: readonly string[];
  /** The columns that name a row; none: its content does. */
  key: readonly string[];
  /** A row's values as they came, in the order of the columns. */
  valuesOf(row: R): readonly unknown[];
  /** Whether both results were read in the same way. If not, no row is the same as one before. */
  alike: boolean;
}

/**
 * What a whole new result changes in the one at hand, which may come from another engine: a row that is the same stays the same
 * object. `undefined` if nothing is different, the order included.
 */
export function renew<R>(
  old: readonly R[],
  fresh: readonly R[],
  { columns, key, valuesOf, alike }: Identity<R>,
): { rows: R[]; delta: Delta<R> } | undefined {
  const names = key.map((column) => columns.lastIndexOf(column));
  const contentOf = (row: R) => valuesOf(row).map(spell).join("");
  const nameOf = (row: R) => (key.length > 0 ? names.map((at) => spell(valuesOf(row)[at])).join("") : contentOf(row));

  const left = new Map<string, R[]>();
  for (const row of old) {
    // Without a key a row that was read in another way has no name in common with a new one.
    const name = alike || key.length > 0 ? nameOf(row) : "";
    const namesakes = left.get(name);
    if (namesakes) namesakes.push(row);
    else left.set(name, [row]);
  }
  const delta: Delta<R> = { inserted: [], updated: [], deleted: [] };
  const rows = fresh.map((row) => {
    const before = left.get(nameOf(row))?.shift();
    if (before === undefined) delta.inserted.push(row);
    else if (alike && contentOf(before) === contentOf(row)) return before;
    else delta.updated.push([before, row]);
    return row;
  });
  delta.deleted = [...left.values()].flat();
  const same = rows.length === old.length && rows.every((row, index) => row === old[index]);
  return same ? undefined : { rows, delta };
}

/** A value as text that no other value has, nor two values in a row. */
function spell(value: unknown): string {
  const text = String(value);
  return `${typeof value}${text.length}:${text}`;
}
