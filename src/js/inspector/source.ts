import type { Database } from "../client.js";
import type { WireReplies, WireRequest, WireRows } from "../messages.js";
import type { TransactionState } from "../protocol.js";
import { toRows } from "../rows.js";
import type { Rpc } from "../rpc.js";
import { encodeParams, type SqlInput } from "../values.js";
import type { Cells, Intent, Layers } from "./explain.js";
import { quoted } from "./values.js";

/** A result without the app's parsers. */
export interface Result {
  columns: string[];
  rows: unknown[][];
}

/** A synced table, or one of the app's own: that has no key. */
export interface TableInfo {
  name: string;
  columns: string[];
  key: string[];
}

/** What the panel asks of a database. */
export class Source {
  readonly db: Database<any>;
  readonly #rpc: Pick<Rpc, "request" | "ended">;

  constructor(db: Database<any>) {
    this.db = db;
    // Protected against apps, which have no use for it.
    this.#rpc = (db as unknown as { rpc: Rpc }).rpc;
  }

  get ended(): boolean {
    return this.#rpc.ended;
  }

  request<Request extends WireRequest>(request: Request): Promise<WireReplies[Request["type"]]> {
    return this.#rpc.request(request);
  }

  async query(sql: string, params: readonly unknown[] = []): Promise<Result> {
    return read(await this.request({ type: "query", sql, params: encodeParams(params as SqlInput[]) }));
  }

  /** By column name. */
  async rows(sql: string, params: readonly unknown[] = []): Promise<Cells[]> {
    const { columns, rows } = await this.query(sql, params);
    return rows.map((row) => Object.fromEntries(columns.map((column, at) => [column, row[at]])));
  }

  async execute(sql: string): Promise<Result & { rowsAffected: number }> {
    const { rows, rowsAffected } = await this.request({ type: "execute", sql, params: [] });
    return { ...read(rows), rowsAffected };
  }

  /** Synced tables first. */
  async tables(): Promise<TableInfo[]> {
    const known = await this.rows("SELECT schema FROM _throughline_tables ORDER BY table_name");
    const synced = known.map(({ schema }) => {
      const { name, columns, key } = JSON.parse(schema as string) as { name: string; columns: { name: string }[]; key: number[] };
      const names = columns.map((column) => column.name);
      return { name, columns: names, key: key.map((at) => names[at] as string) };
    });
    const generated = new Set(synced.flatMap(({ name }) => ["", "_synced", "_local", "_writes"].map((suffix) => name + suffix)));
    const all = await this.rows(
      "SELECT name FROM sqlite_schema WHERE type IN ('table', 'view') AND name NOT LIKE 'sqlite~_%' ESCAPE '~' AND name NOT LIKE '~_throughline~_%' ESCAPE '~' ORDER BY name",
    );
    const own = all.map(({ name }) => name as string).filter((name) => !generated.has(name));
    return [...synced, ...own.map((name) => ({ name, columns: [], key: [] }))];
  }

  /** A row of a synced table in its layers. */
  async layers({ name, columns, key }: TableInfo, values: readonly unknown[]): Promise<Layers> {
    const list = columns.map(quoted).join(", ");
    const where = key.map((column) => `${quoted(column)} IS ?`).join(" AND ");
    const from = async (table: string) => (await this.rows(`SELECT ${list} FROM ${quoted(table)} WHERE ${where}`, values))[0];
    // As text: a key in the change log is JSON, which spells large integers as text.
    const ofKey = key.map((_, at) => `CAST(c.key ->> ${at} AS TEXT) IS CAST(? AS TEXT)`).join(" AND ");
    const writes = (table: string) => `SELECT * FROM ${table} AS c WHERE c.table_name = ? AND ${ofKey}`;
    const [synced, local, merged, intents] = await Promise.all([
      from(`${name}_synced`),
      from(`${name}_local`),
      from(name),
      this.rows(
        `SELECT c.transaction_id, c.operation, c.value, c.base, t.state, t.attempts, t.error
         FROM (SELECT id, transaction_id, operation, value, base FROM (${writes("_throughline_journal")})
           UNION ALL SELECT id, transaction_id, operation, value, base FROM (${writes("_throughline_changes")})) AS c
         JOIN _throughline_transactions AS t ON t.id = c.transaction_id ORDER BY c.transaction_id, c.id`,
        [name, ...values, name, ...values],
      ),
    ]);
    return { columns, synced, local, merged, intents: intents.map(toIntent) };
  }

  /** The state of each row of a synced table that has writes: by its key as JSON. */
  async writes({ name, key }: TableInfo): Promise<Map<string, string>> {
    if (key.length === 0) return new Map();
    const { rows } = await this.query(`SELECT ${[...key.map(quoted), "state"].join(", ")} FROM ${quoted(`${name}_writes`)}`);
    return new Map(rows.map((row) => [keyText(row.slice(0, -1)), String(row.at(-1))]));
  }
}

/** What tells rows apart. */
export function keyText(key: readonly unknown[]): string {
  return JSON.stringify(key.map(String));
}

/** Of two columns with one name both show the last. */
function read(wire: WireRows | undefined): Result {
  let columns: string[] = [];
  const rows = toRows<Cells>(wire, (told) => {
    columns = told.columns;
    return {};
  });
  return { columns, rows: rows.map((row) => columns.map((column) => row[column])) };
}

function toIntent(row: Cells): Intent {
  const json = (text: unknown) => (text === null ? null : JSON.parse(text as string));
  return {
    transaction: Number(row["transaction_id"]),
    state: row["state"] as TransactionState,
    attempts: Number(row["attempts"]),
    operation: row["operation"] as Intent["operation"],
    value: json(row["value"]),
    base: json(row["base"]),
    error: json(row["error"]),
  };
}
