import { argumentError, parserError } from "./errors.js";
import type { WireColumns, WireExecuted, WireRows, WireStatement } from "./messages.js";
import { toRows, type ColumnParsers, type Executed } from "./rows.js";

/** Makes of one value what the app wants to see instead. NULL never reaches it. */
export type Parser<Value = string> = (value: Value) => unknown;

/**
 * How values of synced tables reach the app: parsers by the Postgres type, or by `"table.column"`, which wins. A type goes by
 * the name in Postgres' catalog (`int8`, not `bigint`; an enum or domain by its own name), an array by its element's with
 * `[]`. A parser gets what the app would see without it: a number, boolean or bytes where the type says so, an array as JSON
 * text, anything else as the server's own text, such as `2026-01-02 03:04:05.6+00` and `infinity`.
 *
 * A result column has a type when it shows a table's column unchanged, through views, joins and subqueries; what SQL computes,
 * such as `max(created_at)`, has none and stays as it is. A UNION goes by one of its arms. `RETURNING` gives the row as it was
 * proposed, in the app's own spelling.
 *
 * @example
 * ```ts
 * const parsers: Parsers = { timestamptz: toDate, int8: BigInt, jsonb: JSON.parse, "int4[]": JSON.parse, "todos.tags": toSet };
 * ```
 */
export interface Parsers {
  bool?: Parser<boolean> | undefined;
  int2?: Parser<number> | undefined;
  int4?: Parser<number> | undefined;
  /** A `bigint` beyond 2^53 only. */
  int8?: Parser<number | bigint> | undefined;
  oid?: Parser<number> | undefined;
  /** NaN is the text `NaN`. */
  float4?: Parser<number | string> | undefined;
  /** NaN is the text `NaN`. */
  float8?: Parser<number | string> | undefined;
  numeric?: Parser | undefined;
  text?: Parser | undefined;
  varchar?: Parser | undefined;
  bpchar?: Parser | undefined;
  uuid?: Parser | undefined;
  bytea?: Parser<Uint8Array> | undefined;
  json?: Parser | undefined;
  jsonb?: Parser | undefined;
  date?: Parser | undefined;
  time?: Parser | undefined;
  timetz?: Parser | undefined;
  timestamp?: Parser | undefined;
  timestamptz?: Parser | undefined;
  interval?: Parser | undefined;
  /** Any other type, an array, or a column. */
  [typeOrColumn: string]: Parser<any> | undefined;
}

/** Reads results with the app's parsers. */
export class ResultReader {
  readonly #parsers = new Map<string, Parser<unknown>>();

  /** @throws ThroughlineError `ARGUMENT` for a parser that is no function. */
  constructor(parsers: Parsers = {}) {
    if (typeof parsers !== "object" || parsers === null) throw argumentError("parsers must be an object of functions");
    for (const [name, parser] of Object.entries(parsers)) {
      if (parser === undefined) continue;
      if (typeof parser !== "function") throw argumentError(`parsers: ${JSON.stringify(name)} is not a function`);
      this.#parsers.set(name, parser);
    }
  }

  /** The statement, asking for types if there is a use for them. */
  asking(statement: WireStatement): WireStatement {
    return this.#parsers.size > 0 ? { ...statement, typed: true } : statement;
  }

  /** The parser of each column; `undefined` if all values stay as they are. */
  parsersOf({ columns, origins = [], types = [] }: WireColumns): ColumnParsers | undefined {
    if (this.#parsers.size === 0) return undefined;
    const parsers = columns.map((column, index) => {
      const [origin, type] = [origins[index], types[index]];
      const parser = origin && type ? (this.#parsers.get(origin) ?? this.#parsers.get(type)) : undefined;
      return parser && guarded(parser, `column ${JSON.stringify(column)} (${origin}, ${type})`);
    });
    return parsers.some(Boolean) ? parsers : undefined;
  }

  /** The rows of a reply as the app sees them. @throws ThroughlineError `PARSER` */
  rows<R>(rows: WireRows | undefined): R[] {
    return toRows(rows, (columns) => ({ parsers: this.parsersOf(columns) }));
  }

  /** The reply to a writing statement as the app sees it. @throws ThroughlineError `PARSER` */
  executed<R>({ rowsAffected, transaction, rows }: WireExecuted): Executed<R> {
    return { rowsAffected, transaction, rows: this.rows(rows) };
  }
}

/** With one argument only: `JSON.parse` would take a second one for a reviver. */
function guarded(parser: Parser<unknown>, where: string): Parser<unknown> {
  return (value) => {
    try {
      return parser(value);
    } catch (cause) {
      throw parserError(where, cause);
    }
  };
}
