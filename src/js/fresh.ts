import type { Delta } from "./rows.js";

/** How the rows of a live query are told apart. */
export interface Identity<R> {
  columns: readonly string[];
  /** The columns that name a row; none: its content does. */
  key: readonly string[];
  /** A row's values as they came, in the order of the columns. */
  valuesOf(row: R): readonly unknown[];
}

/**
 * What a whole new result changes in the one at hand, which may come from another engine: a row that is the same stays the same
 * object. `undefined` if nothing is different, the order included.
 */
export function renew<R>(
  old: readonly R[],
  fresh: readonly R[],
  { columns, key, valuesOf }: Identity<R>,
): { rows: R[]; delta: Delta<R> } | undefined {
  const contentOf = (row: R) => valuesOf(row).map(spell).join("");
  const places = key.map((column) => columns.lastIndexOf(column));
  const nameOf = key.length > 0 ? (row: R) => places.map((at) => spell(valuesOf(row)[at])).join("") : contentOf;

  const left = new Map<string, R[]>();
  for (const row of old) {
    const name = nameOf(row);
    const namesakes = left.get(name) ?? [];
    namesakes.push(row);
    left.set(name, namesakes);
  }
  const delta: Delta<R> = { inserted: [], updated: [], deleted: [] };
  const rows = fresh.map((row) => {
    const before = left.get(nameOf(row))?.shift();
    if (before === undefined) delta.inserted.push(row);
    else if (contentOf(before) === contentOf(row)) return before;
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
