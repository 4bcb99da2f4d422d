import { clock } from "./clock.js";
import { read, type TextRow } from "./rows.js";
import type { LogEntry, Table } from "./table.js";

/** Whether a row is in a shape; `params` by number, from 1. */
export type Filter = (row: Record<string, unknown>, params: Record<number, string>) => boolean;

/** How long Electric holds a poll that has nothing to tell. */
const HOLD_MS = 20_000;

/** One shape: a snapshot, and the log from there. */
interface Shape {
  handle: string;
  snapshot: TextRow[];
  /** The first entry of the table's log that is not in the snapshot. */
  from: number;
  columns: readonly string[];
  has(row: TextRow): boolean;
}

/** Electric's shape endpoint over the tables of a world. */
export class Electric {
  readonly #tables: ReadonlyMap<string, Table>;
  readonly #filters: Readonly<Record<string, Filter>>;
  readonly #position: () => number;
  readonly #shapes = new Map<string, Shape>();
  readonly #held = new Set<() => void>();
  #handles = 0;

  constructor(tables: ReadonlyMap<string, Table>, filters: Readonly<Record<string, Filter>>, position: () => number) {
    this.#tables = tables;
    this.#filters = filters;
    this.#position = position;
  }

  /** How many polls wait for news. */
  get held(): number {
    return this.#held.size;
  }

  /** There is news: what is held is answered. */
  wake(): void {
    for (const answer of [...this.#held]) answer();
  }

  /** The shapes of a table, or all, are over: whoever reads them has to start anew. */
  refetch(table?: string): void {
    for (const name of [...this.#shapes.keys()]) if (table === undefined || name.startsWith(`${table}?`)) this.#shapes.delete(name);
    this.wake();
  }

  /** Answers one request. */
  async answer(url: URL, signal: AbortSignal): Promise<Response> {
    const asked = url.searchParams;
    if ([...asked.keys()].some((name) => name.startsWith("subset__"))) return refused("subsets are not part of this test server");
    const name = (asked.get("table") ?? "").replace(/^"?public"?\./, "").replace(/^"(.*)"$/, "$1");
    const table = this.#tables.get(name);
    if (!table) return refused(`the world has no table ${name}`);
    const where = asked.get("where");
    if (where !== null && !this.#filters[where]) return refused(`testWorld needs filters: { ${JSON.stringify(where)}: (row, params) => … }`);
    const key = `${name}?${["where", "columns", "log", ...[...asked.keys()].filter((each) => each.startsWith("params"))].map((each) => `${each}=${asked.get(each)}`).join("&")}`;
    const offset = asked.get("offset") ?? "-1";
    let shape = this.#shapes.get(key);
    if (offset !== "-1" && offset !== "now" && shape?.handle !== asked.get("handle")) {
      return this.#mustRefetch((shape ??= this.#make(key, table, asked)));
    }
    shape ??= this.#make(key, table, asked);
    if (offset === "-1") return this.#answer(table, shape, shape.snapshot.map((row) => message(table, shape, "insert", row)), "0_0", false);
    const after = offset === "now" ? Infinity : Number(offset.split("_")[0]);
    const isLive = asked.has("live");
    if (isLive && this.#news(table, shape, after).length === 0) await this.#hold(signal);
    if (this.#shapes.get(key) !== shape) return this.#mustRefetch(this.#shapes.get(key) ?? this.#make(key, table, asked));
    const news = this.#news(table, shape, after);
    const last = table.log.at(-1);
    const head = last ? `${last.lsn}_${last.position}` : "0_inf";
    return this.#answer(table, shape, news, head, true, isLive ? `${Number(asked.get("cursor") ?? 0) + 1}` : undefined);
  }

  #make(key: string, table: Table, asked: URLSearchParams): Shape {
    const filter = this.#filters[asked.get("where") ?? ""];
    const params: Record<number, string> = {};
    for (const [name, value] of asked) {
      const [, number] = /^params\[(\d+)\]$/.exec(name) ?? [];
      if (number) params[Number(number)] = value;
    }
    const has = (row: TextRow) => !filter || filter(read(row, table.columns), params);
    const columns = asked.get("columns")?.split(",").map((column) => column.replace(/^"(.*)"$/, "$1")) ?? [...table.columns.keys()];
    const snapshot = asked.get("log") === "changes_only" ? [] : [...table.rows.values()].filter(has).map((row) => ({ ...row }));
    const shape = { handle: `${++this.#handles}-${clock.now}`, snapshot, from: table.log.length, columns, has };
    this.#shapes.set(key, shape);
    return shape;
  }

  #news(table: Table, shape: Shape, after: number): unknown[] {
    return table.log
      .slice(shape.from)
      .filter(({ lsn }) => lsn > after)
      .flatMap((entry) => {
        const was = entry.before && shape.has(entry.before);
        const is = entry.after && shape.has(entry.after);
        if (is) return message(table, shape, was ? "update" : "insert", entry.after as TextRow, entry);
        return was ? message(table, shape, "delete", entry.before as TextRow, entry) : [];
      });
  }

  #hold(signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const answer = () => {
        clock.clearTimeout(timer);
        this.#held.delete(answer);
        resolve();
      };
      const timer = clock.setTimeout(answer, HOLD_MS);
      this.#held.add(answer);
      signal.addEventListener("abort", () => {
        answer();
        reject(signal.reason);
      });
    });
  }

  #answer(table: Table, { handle, columns }: Shape, messages: unknown[], offset: string, isUpToDate: boolean, cursor?: string): Response {
    const upToDate = { headers: { control: "up-to-date", global_last_seen_lsn: String(this.#position()) } };
    return Response.json(isUpToDate ? [...messages, upToDate] : messages, {
      headers: {
        "electric-handle": handle,
        "electric-offset": offset,
        ...(cursor ? { "electric-cursor": cursor } : { "electric-schema": table.schema(columns) }),
        ...(isUpToDate && { "electric-up-to-date": "" }),
      },
    });
  }

  #mustRefetch({ handle }: Shape): Response {
    return Response.json([{ headers: { control: "must-refetch" } }], { status: 409, headers: { "electric-handle": handle } });
  }
}

function message(table: Table, { columns }: Shape, operation: string, row: TextRow, entry?: LogEntry): unknown {
  const named = operation === "delete" ? table.key : columns;
  return {
    key: table.keyOf(row),
    value: Object.fromEntries(named.map((column) => [column, row[column]])),
    headers: {
      operation,
      relation: ["public", table.name],
      ...(entry && { lsn: String(entry.lsn), op_position: entry.position, txids: [entry.txid], ...(entry.isLast && { last: true }) }),
    },
  };
}

function refused(message: string): Response {
  return Response.json({ message }, { status: 400 });
}
