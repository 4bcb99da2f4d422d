import { argumentError } from "./errors.js";
import type { AskPath } from "./messages.js";
import { ResultReader, type Parsers } from "./parsers.js";
import type { Row } from "./values.js";
import type { ClassifyWrites, SendWrites } from "./write.js";

/** The tables of a database that does not name its row types. */
export type AnyTables = Record<string, Row>;

/** A row type: the name of a declared table stands for that table's rows, anything else for itself. */
export type RowOf<Tables, R> = R extends keyof Tables ? Tables[R] : R;

/** A value, or a function that is asked for it before each request. One that throws is asked again after a while. */
export type Askable<Value> = Value | (() => Value | Promise<Value>);

/** Headers: a function may stand for all of them, or for one; one that says `undefined` leaves it out. */
export type HeadersOption = Askable<HeadersInit | Record<string, Askable<string | undefined>>>;

/** Query parameters, by the same rules. */
export type ParamsOption = Askable<Record<string, Askable<string | undefined>>>;

/** Where shapes are read. */
export interface ElectricOptions {
  /** The shape endpoint, or a proxy before it; relative to the page. */
  url: string | URL;
  /** Sent with every shape request. */
  headers?: HeadersOption | undefined;
  /**
   * Added to every shape request's query, for a proxy. A plain value is part of what each shape is: another one is another
   * shape, read anew. What a function says is not, so it is for tokens; what tells rows apart belongs to a shape's `params` or
   * `extra`. A function that names a parameter of the shape protocol, or one that the URL has already, stops the shape with
   * `ARGUMENT` in its status.
   *
   * @example
   * ```ts
   * const electric: ElectricOptions = { url: "/v1/shape", params: { tenant: "7", token: async () => (await session()).token } };
   * ```
   */
  params?: ParamsOption | undefined;
}

/** Where local transactions are POSTed, or how they go instead. */
export interface WriteOptions {
  /** The write endpoint; relative to the page. Needed unless there is `send`. */
  url?: string | URL | undefined;
  /** Sent with every POST. */
  headers?: HeadersOption | undefined;
  /**
   * Delivers transactions in place of a POST to `url`; resolves with the server's verdicts, or with nothing when all were accepted.
   * What it throws is tried again after a while, unless it says more: a numeric `status` counts as that HTTP status (its `body`, or
   * its `code` and `message`, as the reason), and `retryable: false` as a rejection. A batch that is rejected comes again in parts,
   * until the guilty transaction stands alone. The signal fires when the answer is not wanted any more: at `close()`, at
   * `disconnect()`, and after a minute.
   *
   * @example
   * ```ts
   * const write: WriteOptions = { send: async (transactions, { signal }) => (await rpc.call("sync", transactions, { signal })).verdicts };
   * ```
   */
  send?: SendWrites | undefined;
  /**
   * For a server whose answers mean something else: asked about every answer to a POST. `undefined` leaves it at what the status says.
   *
   * @example
   * ```ts
   * const write: WriteOptions = { url: "/changes", classify: ({ status }) => (status === 404 ? "rejected" : undefined) };
   * ```
   */
  classify?: ClassifyWrites | undefined;
  /** How much goes into one POST at most; a transaction is never cut. Default: 50 transactions, 65536 bytes. */
  batch?: { transactions?: number | undefined; bytes?: number | undefined } | undefined;
  /**
   * Consecutive transactions without `meta` that edit the same row, and nothing else, go as one as long as none of them was sent:
   * the last one, with the values of all and what the row held before them. `false`: each goes as it was made. Default `true`.
   */
  coalesce?: boolean | undefined;
  /**
   * What a rejection rolls back besides the rejected transaction: `dependents` (the default), later ones that cannot stand without
   * it, because they write a row which it inserted or refer to one ({@link TableOptions.references}); `row`, also all later ones
   * that write one of its rows; `all`, all that is pending. Whole transactions, and transitively; never what the server has
   * accepted, or was sent and gets its own answer.
   */
  onRejection?: "dependents" | "row" | "all" | undefined;
  /**
   * What shows that an accepted write is back, so that the optimistic rows can go. `auto` (the default): whatever the answer tells,
   * which is the `write_id` in the row, the `txid` in the shape's log, or an up-to-date at or past `lsn`. One of the three alone:
   * for a server whose other words are not to be trusted. `ledger`: a synced table with a row for each transaction, written in the
   * transaction itself; the one rule that nothing defeats, see `ledger`.
   */
  confirmBy?: "auto" | "write_id" | "txid" | "lsn" | "ledger" | undefined;
  /**
   * The server's ledger, for `confirmBy: "ledger"`: a table with the columns `id` (the transaction's id), `client_id` (what stands
   * before its last colon) and, if it keeps rejections too, `status`. Default: `throughline_ledger`.
   */
  ledger?: string | undefined;
}

/** Columns that name a row, as a foreign key of the server does. */
export interface ReferenceOptions<R = Row> {
  /** In the order of the other table's primary key. */
  columns: readonly (keyof R & string)[];
  /** A declared table. */
  table: string;
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
  /**
   * The columns that name rows of other tables. Nothing is enforced here: a rejected insert takes along pending writes that
   * refer to its row.
   *
   * @example
   * ```ts
   * const tables: OpenOptions["tables"] = { lists: {}, todos: { references: [{ columns: ["list_id"], table: "lists" }] } };
   * ```
   */
  references?: readonly ReferenceOptions<R>[] | undefined;
  /** The shape that fills the table; without it all of the server's table of the same name. Its name is `default`. */
  shape?: ShapeOptions | undefined;
  /**
   * Instead of `shape`: several shapes by name, over the same columns. A row is here while at least one of them holds it;
   * `{}` starts without any, for {@link Database.setShape}.
   */
  shapes?: Record<string, ShapeOptions> | undefined;
}

/** What `$1`, `$2`, … stand for: in order, or by number. */
export type ParamValues = readonly (string | number | boolean)[] | Record<number, string | number | boolean>;

/**
 * Which rows and columns of the server fill a table, and how they come.
 *
 * @example
 * ```ts
 * const mine: ShapeOptions = { where: "owner_id = $1", params: [userId] };
 * const ofOpenLists: ShapeOptions = { where: "list_id IN (SELECT id FROM lists WHERE archived = false)" };
 * ```
 */
export interface ShapeOptions {
  /** The server's table, if it is called otherwise there. */
  table?: string | undefined;
  /** A condition on its rows, in the server's SQL; it may hold a subquery on another table. */
  where?: string | undefined;
  /** For the condition. */
  params?: ParamValues | undefined;
  /** Which columns, the primary key among them; the declared ones, or all. */
  columns?: readonly string[] | undefined;
  /** `full`: updates carry the whole row, and are larger. `default`: what changed. */
  replica?: "default" | "full" | undefined;
  /** `full` (the default): all rows. `changes_only`: what changes from now on, and what {@link Database.loadSubset} loads. */
  log?: "full" | "changes_only" | undefined;
  /** Shapes of the same group show their changes together. */
  group?: string | undefined;
  /** Further query parameters of this shape, for a proxy; part of what the shape is. */
  extra?: Record<string, string> | undefined;
}

/**
 * Which rows of a `changes_only` shape: those of the shape that meet a condition, or a page of them.
 *
 * @example
 * ```ts
 * const newest: SubsetOptions = { where: "list_id = $1", params: [7], orderBy: "created_at DESC, id", limit: 50 };
 * ```
 */
export interface SubsetOptions {
  /** A condition beside the shape's own, in the server's SQL; without it all rows. */
  where?: string | undefined;
  /** For the condition; numbered on their own. */
  params?: ParamValues | undefined;
  /** Columns with directions. */
  orderBy?: string | undefined;
  /** At most so many rows, above 0; needs `orderBy`. */
  limit?: number | undefined;
  /** Leaves so many rows out first; needs `orderBy`. */
  offset?: number | undefined;
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
  /**
   * `strict` (the default): a write that has resolved survives a power failure. `relaxed`: it survives the end of the tab and of
   * the browser, but a power failure may take the last ones; writing is faster.
   */
  durability?: "strict" | "relaxed" | undefined;
  /** Milliseconds after which any statement of the app is interrupted with `TIMEOUT`. Default: no limit. */
  statementTimeout?: number | undefined;
  /**
   * Asks the browser, after the first local write, not to throw the database away when space runs out. Firefox asks the user.
   * Default `true`.
   */
  persist?: boolean | undefined;
  /** Where the worker script is, if the bundler put it elsewhere. */
  workerUrl?: string | URL | undefined;
  /**
   * Starts the worker, where a URL will not do.
   *
   * @example
   * ```ts
   * import ThroughlineWorker from "throughline/worker?worker";
   * const db = await open({ ...options, worker: () => new ThroughlineWorker() });
   * ```
   */
  worker?: (() => Worker) | undefined;
  /**
   * Where `throughline_bg.wasm` is, if not beside the worker script. `throughline_rest.wasm` is looked for beside it, then beside the
   * worker script.
   */
  wasmUrl?: string | URL | undefined;
}

/** The options as they cross: URLs absolute, functions taken out. */
export interface WireOptions {
  name: string;
  electric?: WireEndpoint & { params?: Record<string, string> };
  write?: WireEndpoint & WriteSettings;
  tables: Record<string, unknown>;
  storage?: string;
  durability?: string;
  statementTimeout?: number;
  persist?: boolean;
  connect?: boolean;
  /** Opened without options of its own: it follows the tabs that have some. */
  guest?: true;
}

/** Options of the write path that the database reads. */
export type WriteSettings = Pick<WriteOptions, "confirmBy" | "ledger" | "onRejection" | "batch" | "coalesce">;

/** An endpoint as it crosses. */
export interface WireEndpoint {
  url?: string;
  headers?: Record<string, string>;
}

/** A function of the app's: it cannot cross, so the page keeps it and the worker asks. */
export interface AppFunction {
  /** Where the worker puts its own in its place. */
  path: AskPath;
  /** The signal fires when nobody waits for the answer any more. */
  ask(signal: AbortSignal, ...about: any[]): unknown;
}

/** What `open` sends, and what it keeps. */
export interface ResolvedOptions {
  wire: WireOptions;
  functions: AppFunction[];
  reader: ResultReader;
  worker?: () => Worker;
  workerUrl?: string;
  wasmUrl?: string;
}

/**
 * Makes the options ready to cross: relative URLs are resolved here, because a worker's own base is its script.
 *
 * @throws ThroughlineError `ARGUMENT` for what cannot cross at all; the database checks the rest.
 */
export function resolveOptions<Tables extends object>(options: OpenOptions<Tables>, base: string | undefined): ResolvedOptions {
  const { name, electric, write, tables, parsers, storage, durability, statementTimeout, persist = true, connect, worker, workerUrl, wasmUrl } = options ?? {};
  if (typeof name !== "string" || name === "") throw argumentError("open needs a name for the database");
  if (typeof tables !== "object" || tables === null) throw argumentError("open needs the tables to sync");
  const functions: AppFunction[] = [];
  const endpoint = (of: AskPath[0], { url, headers }: WriteOptions): WireEndpoint => {
    const isAsked = typeof headers === "function" || Object.values(headers ?? {}).some((value) => typeof value === "function");
    if (isAsked) functions.push({ path: [of, "headers"], ask: async () => plainHeaders(of, await headersNow(headers)) });
    return {
      ...(url !== undefined && { url: absolute(`${of}.url`, url, base) }),
      ...(headers && !isAsked && { headers: plainHeaders(of, headers as HeadersInit) }),
    };
  };
  const { send, classify } = write ?? {};
  if (send) functions.push({ path: ["write", "send"], ask: (signal, transactions) => send(transactions, { signal }) });
  if (classify) functions.push({ path: ["write", "classify"], ask: (_, answer, transactions) => classify(answer, transactions) });
  const plainParams = (params: ParamsOption | undefined): Record<string, string> => {
    if (typeof params === "function") functions.push({ path: ["electric", "params"], ask: () => params() });
    const plain: Record<string, string> = {};
    for (const [name, value] of Object.entries(params ?? {})) {
      if (typeof value === "function") functions.push({ path: ["electric", "params", name], ask: () => value() });
      else if (value !== undefined) plain[name] = value;
    }
    return plain;
  };
  // Only a window may ask.
  if (persist) functions.push({ path: ["persist"], ask: askForPersistence });
  const wire: WireOptions = {
    name,
    tables: tables as Record<string, unknown>,
    ...(electric && { electric: { ...endpoint("electric", electric), params: plainParams(electric.params) } }),
    ...(write && { write: { ...settings(write), ...endpoint("write", write) } }),
    ...(storage && { storage }),
    ...(durability && { durability }),
    ...(statementTimeout !== undefined && { statementTimeout }),
    ...(!persist && { persist }),
    ...(connect !== undefined && { connect }),
  };
  return {
    wire,
    functions,
    reader: new ResultReader(parsers),
    ...(worker && { worker }),
    ...(workerUrl && { workerUrl: absolute("workerUrl", workerUrl, base) }),
    ...(wasmUrl && { wasmUrl: absolute("wasmUrl", wasmUrl, base) }),
  };
}

async function askForPersistence(): Promise<boolean> {
  // This file is read with the types of a worker too, whose storage has no such function.
  const { storage } = navigator as { storage?: { persist?(): Promise<boolean> } };
  return (await storage?.persist?.()) ?? false;
}

/** What of the options is the database's to read. */
function settings({ confirmBy, ledger, onRejection, batch, coalesce }: WriteSettings): WriteSettings {
  return {
    ...(confirmBy && { confirmBy }),
    ...(ledger && { ledger }),
    ...(onRejection && { onRejection }),
    ...(batch && { batch }),
    ...(coalesce === false && { coalesce }),
  };
}

/** What the functions among headers say now. */
async function headersNow(source: HeadersOption | undefined): Promise<HeadersInit> {
  const given = (typeof source === "function" ? await source() : source) ?? {};
  if (Symbol.iterator in given) return given as HeadersInit;
  const asked: Record<string, string> = {};
  for (const [name, value] of Object.entries(given)) {
    const said: string | undefined = typeof value === "function" ? await value() : value;
    if (said !== undefined) asked[name] = said;
  }
  return asked;
}

/** Headers as a plain object, checked by the platform's own `Headers`. */
function plainHeaders(of: AskPath[0], source: HeadersInit): Record<string, string> {
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
