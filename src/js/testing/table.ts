import type { ColumnOptions } from "../options.js";
import { catalogName, read, spellRow, typeOf, type GivenRow, type ServerColumn, type TextRow } from "./rows.js";

/** A table of the scripted server: its rows, or its declaration with them. Columns are taken from the first row if not declared. */
export type ServerTable =
  | readonly GivenRow[]
  | {
      /** Columns with their Postgres types. */
      columns?: Readonly<Record<string, ColumnOptions>> | undefined;
      /** Default: `id`, or else the first column. */
      primaryKey?: readonly string[] | undefined;
      rows?: readonly GivenRow[] | undefined;
    };

/** One change of the server's log. */
export interface LogEntry {
  lsn: number;
  txid: number;
  /** Within its transaction. */
  position: number;
  isLast: boolean;
  before: TextRow | undefined;
  after: TextRow | undefined;
}

/** Rows by key, and how they came to be. */
export class Table {
  readonly name: string;
  readonly columns: ReadonlyMap<string, ServerColumn>;
  readonly key: readonly string[];
  readonly rows = new Map<string, TextRow>();
  readonly log: LogEntry[] = [];

  constructor(name: string, given: ServerTable) {
    const { columns, primaryKey, rows = [] }: Exclude<ServerTable, readonly GivenRow[]> = isRows(given) ? { rows: given } : given;
    this.name = name;
    const first = rows[0] ?? {};
    const known: [string, ServerColumn][] = columns
      ? Object.entries(columns).map(([column, option]) => {
          const { type, notNull = false } = typeof option === "string" ? { type: option } : option;
          return [column, { type: catalogName(type), notNull }];
        })
      : Object.entries(first).map(([column, value]) => [column, { type: typeOf(value), notNull: false }]);
    if (known.length === 0) throw new Error(`testWorld: ${name} has neither columns nor a row to take them from`);
    this.columns = new Map(known);
    this.key = primaryKey ?? [this.columns.has("id") ? "id" : (known[0]?.[0] as string)];
    for (const row of rows) {
      const full = this.full(row);
      this.rows.set(this.keyOf(full), full);
    }
  }

  /** A row's key as Electric spells it. */
  keyOf(row: TextRow): string {
    const parts = this.key.map((column) => {
      const value = row[column];
      if (value === null || value === undefined) throw new Error(`the server's table ${this.name}: a row lacks its key, ${column}`);
      return `"${value.replaceAll("/", "//")}"`;
    });
    return `"public"."${this.name}"/${parts.join("/")}`;
  }

  /** All columns of a row, NULL where it says nothing. */
  full(row: GivenRow): TextRow {
    const given = spellRow(row, this.columns, this.name);
    return Object.fromEntries([...this.columns.keys()].map((column) => [column, given[column] ?? null]));
  }

  /** The columns that a row names. */
  part(row: GivenRow): TextRow {
    return spellRow(row, this.columns, this.name);
  }

  /** What a test sees. */
  read(): Record<string, unknown>[] {
    return [...this.rows.values()].map((row) => read(row, this.columns));
  }

  /** Electric's schema header. */
  schema(columns: readonly string[]): string {
    const header = columns.map((column) => {
      const { type, notNull } = this.columns.get(column) as ServerColumn;
      const index = this.key.indexOf(column);
      const [, element] = /^(.*?)\[\]$/.exec(type) ?? [];
      return [
        column,
        { type: element ?? type, ...(element && { dims: 1 }), ...(index >= 0 && { pk_index: index }), ...((notNull || index >= 0) && { not_null: true }) },
      ];
    });
    return JSON.stringify(Object.fromEntries(header));
  }
}

function isRows(given: ServerTable): given is readonly GivenRow[] {
  return Array.isArray(given);
}
