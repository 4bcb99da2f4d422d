import { argumentError } from "./errors.js";
import type { HeadersOf } from "./messages.js";
import { ResultReader, type Parsers } from "./parsers.js";
import type { Row } from "./values.js";

/** The tables of a database that does not name its row types. */
export type AnyTables = Record<string, Row>;

/** A row type: the name of a declared table stands for that table's rows, anything else for itself. */
export type RowOf<Tables, R> = R extends keyof Tables ? Tables[R] : R;

/** Headers, or a function that is asked for them before each request that needs fresh ones. */
export type HeadersOption = HeadersInit | (() => HeadersInit | Promise<HeadersInit>);

/** Where shapes are read. */
export interface ElectricOptions {
  /** The shape endpoint, or a proxy before it; relative to the page. */
  url: string | URL;
  /** Sent with every shape request. */
  headers?: HeadersOption | undefined;
  /** Added to every shape request's query, for example for a proxy. */
  params?: Record<string, string> | undefined;
}

/** Where local transactions are POSTed. */
export interface WriteOptions {
  /** The write endpoint; relative to the page. */
  url: string | URL;
  /** Sent with every POST. */
  headers?: HeadersOption | undefined;
}

/** A column: its Postgres type in SQL spelling, alone or with whether the server refuses NULL. */
export type ColumnOptions = string | { type: string; notNull?: boolean | undefined };

/** One synced table. What is left out comes from the schema that Electric sends. */
export interface TableOptions<R = Row> {
  /** All columns with their Postgres types, where Electric's schema is not to decide. Needs `primaryKey`. */
  columns?: { [Column in keyof R & string]?: ColumnOptions } | undefined;
  /** The columns of the primary key, in key order. */
  primaryKey?: readonly (keyof R & string)[] | undefined;
  /** Columns, or lists of columns, that queries sort or filter by. */
  indexes?: readonly ((keyof R & string) | readonly (keyof R & string)[])[] | undefined;
  /** The shape that fills the table; without it all of the server's table of the same name. */
  shape?: ShapeOptions | undefined;
}

/** Which rows and columns of the server fill a table. */
export interface ShapeOptions {
  /** The server's table, if it is called otherwise there. */
  table?: string | undefined;
  /** A condition on its rows, in SQL. */
  where?: string | undefined;
  /** What `$1`, `$2`, … stand for. */
  params?: readonly string[] | undefined;
  /** Which columns, the primary key among them; the declared ones, or all. */
  columns?: readonly string[] | undefined;
  /** Further query parameters of this shape, for a proxy. */
  extra?: Record<string, string> | undefined;
}

/**
 * What `open` takes.
 *
 * @example
 * ```ts
 * const options: OpenOptions<{ todos: Todo }> = {
 *   name: `app-${userId}`,
 *   electric: { url: "/v1/shape", headers: async () => ({ Authorization: `Bearer ${await token()}` }) },
 *   write: { url: "/changes" },
 *   tables: { todos: { indexes: ["created_at"] } },
 *   parsers: { timestamptz: toDate, "todos.meta": JSON.parse },
 * };
 * ```
 */
export interface OpenOptions<Tables extends object = AnyTables> {
  /** Names the database file; one a user of the app, so that signing out can `wipe()` it. */
  name: string;
  /** Without it nothing is read from a server. */
  electric?: ElectricOptions | undefined;
  /** Without it local writes stay queued. */
  write?: WriteOptions | undefined;
  /** The synced tables by the name the app uses. */
  tables: { [Table in keyof Tables]: TableOptions<Tables[Table]> };
  /** How values reach the app, by Postgres type or column; name the row types accordingly. */
  parsers?: Parsers | undefined;
  /** `false`: nothing is asked of a server until `connect()`. Default `true`. */
  connect?: boolean | undefined;
  /** `auto` (the default): OPFS, or memory where the browser has none. `opfs`: fail instead. `memory`: nothing is kept. */
  storage?: "auto" | "opfs" | "memory" | undefined;
  /** Where the worker script is, if the bundler put it elsewhere. */
  workerUrl?: string | URL | undefined;
  /** Where the wasm file is, if not beside the worker script. */
  wasmUrl?: string | URL | undefined;
}

/** The options as they cross: URLs absolute, headers plain or left to be asked for. */
export interface WireOptions {
  name: string;
  electric?: WireEndpoint & { params?: Record<string, string> };
  write?: WireEndpoint;
  tables: Record<string, unknown>;
  storage?: string;
  connect?: boolean;
}

/** An endpoint as it crosses. The worker puts a function in place of the headers it has to ask for. */
export interface WireEndpoint {
  url: string;
  headers?: Record<string, string> | (() => Promise<Record<string, string>>);
}

/** The functions that the page keeps, because a function cannot cross. */
export type HeadersFunctions = Partial<Record<HeadersOf, () => HeadersInit | Promise<HeadersInit>>>;

/** What `open` sends, and what it keeps. */
export interface ResolvedOptions {
  wire: WireOptions;
  headers: HeadersFunctions;
  reader: ResultReader;
  workerUrl?: string;
  wasmUrl?: string;
}

/**
 * Makes the options ready to cross: relative URLs are resolved here, because a worker's own base is its script.
 *
 * @throws ThroughlineError `ARGUMENT` for what cannot cross at all; the database checks the rest.
 */
export function resolveOptions<Tables extends object>(options: OpenOptions<Tables>, base: string | undefined): ResolvedOptions {
  const { name, electric, write, tables, parsers, storage, connect, workerUrl, wasmUrl } = options ?? {};
  if (typeof name !== "string" || name === "") throw argumentError("open needs a name for the database");
  if (typeof tables !== "object" || tables === null) throw argumentError("open needs the tables to sync");
  const headers: HeadersFunctions = {};
  const endpoint = (of: HeadersOf, { url, headers: source }: WriteOptions): WireEndpoint => {
    if (typeof source === "function") headers[of] = source;
    return {
      url: absolute(`${of}.url`, url, base),
      ...(source && typeof source !== "function" && { headers: plainHeaders(of, source) }),
    };
  };
  const wire: WireOptions = {
    name,
    tables: tables as Record<string, unknown>,
    ...(electric && { electric: { ...endpoint("electric", electric), ...(electric.params && { params: electric.params }) } }),
    ...(write && { write: endpoint("write", write) }),
    ...(storage && { storage }),
    ...(connect !== undefined && { connect }),
  };
  return {
    wire,
    headers,
    reader: new ResultReader(parsers),
    ...(workerUrl && { workerUrl: absolute("workerUrl", workerUrl, base) }),
    ...(wasmUrl && { wasmUrl: absolute("wasmUrl", wasmUrl, base) }),
  };
}

/** Headers as a plain object, checked by the platform's own `Headers`. */
export function plainHeaders(of: HeadersOf, source: HeadersInit): Record<string, string> {
  const plain: Record<string, string> = {};
  try {
    new Headers(source).forEach((value, name) => {
      plain[name] = value;
    });
  } catch (cause) {
    throw argumentError(`${of}.headers: ${(cause as Error).message}`, cause);
  }
  return plain;
}

function absolute(option: string, url: string | URL, base: string | undefined): string {
  try {
    return new URL(url, base).href;
  } catch (cause) {
    throw argumentError(`${option} is not a URL: ${String(url)}`, cause);
  }
}
