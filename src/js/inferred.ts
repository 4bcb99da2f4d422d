import type { ColumnOptions, OpenOptions, TableOptions } from "./options.js";
import type { Parsers } from "./parsers.js";
import type { Row } from "./values.js";

/** Declared tables, whatever their rows are. */
export type DeclaredTables = { readonly [table: string]: TableOptions<any> };

/** The options of `open` from which it infers the row types: the tables that declare their columns, and the parsers. */
export type DeclaringOptions<Tables extends DeclaredTables, P extends Parsers> = Omit<OpenOptions<any>, "tables" | "parsers"> & {
  tables: Tables & { [Table in keyof Tables]: TableOptions<RowOfTable<Tables[Table], Table, P>> };
  parsers?: P | undefined;
};

/**
 * The row types of declared tables: a table that declares its columns has a property for each, nullable unless it is `notNull` or
 * part of the primary key; any other one has rows of anything.
 *
 * @example
 * ```ts
 * const tables = { todos: { columns: { id: "uuid", title: "text", done: { type: "boolean", notNull: true } }, primaryKey: ["id"] } } as const;
 * type Todo = RowsOf<typeof tables>["todos"]; // { id: string; title: string | null; done: boolean }
 * ```
 */
export type RowsOf<Tables extends DeclaredTables, P extends Parsers = {}> = { [Table in keyof Tables]: RowOfTable<Tables[Table], Table, P> };

type RowOfTable<Table, Name, P> = Table extends { columns: infer Columns extends { readonly [column: string]: ColumnOptions } }
  ? { -readonly [Column in keyof Columns]: Value<Columns[Column], `${Name & string}.${Column & string}`, P> | Nullable<Table, Column, Columns[Column]> }
  : NamedRow<Table>;

/** Of options that name their row type. */
type NamedRow<Table> = Table extends TableOptions<infer R> ? (TableOptions<R> extends Table ? (string extends keyof R ? Row : R) : Row) : Row;

type Nullable<Table, Column, Option> = Table extends { primaryKey: readonly (infer Key)[] }
  ? Column extends Key
    ? never
    : Option extends { notNull: true }
      ? never
      : null
  : null;

/** A column's own parser wins over one of its type. */
type Value<Option, Place extends string, P> = Place extends keyof P ? Parsed<P[Place]> : ValueOfType<Option extends { type: infer Type } ? Type : Option, P>;

type ValueOfType<Type, P> = CatalogName<Type> extends infer Name ? (Name extends keyof P ? Parsed<P[Name]> : Plain<Name>) : never;

type Parsed<P> = P extends (value: any) => infer Value ? Value : never;

/** The catalog's names of SQL's spellings. */
interface Spellings {
  boolean: "bool";
  smallint: "int2";
  integer: "int4";
  int: "int4";
  bigint: "int8";
  real: "float4";
  "double precision": "float8";
  decimal: "numeric";
  "timestamp with time zone": "timestamptz";
  "timestamp without time zone": "timestamp";
  "character varying": "varchar";
}

type CatalogName<Type> = Type extends `${infer Name}(${string}` ? CatalogName<Name> : Type extends keyof Spellings ? Spellings[Type] : Type;

/** What a query gives without a parser. */
type Plain<Name> = Name extends `${string}[]`
  ? string
  : Name extends "bool"
    ? boolean
    : Name extends "int2" | "int4" | "oid"
      ? number
      : Name extends "int8"
        ? number | bigint
        : Name extends "float4" | "float8"
          ? // NaN is text.
            number | string
          : Name extends "bytea"
            ? Uint8Array
            : string;
