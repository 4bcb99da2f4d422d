import type { OutgoingTransaction, WriteAnswer } from "../write.js";
import { clock } from "./clock.js";
import { Electric, type Filter } from "./electric.js";
import type { GivenRow, TextRow } from "./rows.js";
import { Table, type ServerTable } from "./table.js";

/** A change as another user of the server makes it. */
export interface ServerChange {
  table: string;
  operation: "insert" | "update" | "delete";
  /** The row; of an update the key and what changes, of a delete the key. */
  value: GivenRow;
}

/** Which transactions something applies to. */
export interface Matching {
  /** How many of them. Default 1; `Infinity` until {@link TestServer.accept}. */
  times?: number | undefined;
  /** Which; without it the next ones. */
  when?: ((transaction: OutgoingTransaction) => boolean) | undefined;
}

interface Rejection extends Matching {
  left: number;
  code: string;
  message: string;
}

/** How far apart transactions lie in the log. */
const STEP = 100;

/**
 * The server of a world: Electric's shape endpoint and a write API over the same rows.
 *
 * @example
 * ```ts
 * world.server.change([{ table: "todos", operation: "update", value: { id: 1, title: "By someone else" } }]);
 * world.server.reject("no such list", { when: ({ meta }) => meta !== undefined });
 * ```
 */
export class TestServer {
  /** The local transactions that arrived, each POST anew, oldest first. */
  readonly writes: OutgoingTransaction[] = [];
  /** Milliseconds, by the world's clock, until an answer is there. */
  latency = 0;
  /** An update whose `base` is not what the row holds is rejected with the code `CONFLICT`. */
  detectConflicts = false;
  readonly #tables: Map<string, Table>;
  readonly #electric: Electric;
  readonly #answered = new Map<string, WriteAnswer["transactions"][number]>();
  #rejections: Rejection[] = [];
  #statuses: { status: number; body: string; headers: Record<string, string> }[] = [];
  #offline = false;
  #goneOffline = new AbortController();
  #transactions = 0;
  #busy = 0;
  readonly #onOnline: () => void;

  /** @internal */
  constructor(tables: Readonly<Record<string, ServerTable>>, filters: Readonly<Record<string, Filter>>, onOnline: () => void) {
    this.#tables = new Map(Object.entries(tables).map(([name, given]) => [name, new Table(name, given)]));
    this.#electric = new Electric(this.#tables, filters, () => this.#transactions * STEP + 1);
    this.#onOnline = onOnline;
  }

  /** Whether nobody reaches the server. Requests that are under way break off; back online, browsers hear of it. */
  get offline(): boolean {
    return this.#offline;
  }

  set offline(offline: boolean) {
    if (offline === this.#offline) return;
    this.#offline = offline;
    if (offline) {
      this.#goneOffline.abort(new TypeError("fetch failed"));
      this.#goneOffline = new AbortController();
    } else {
      this.#onOnline();
    }
  }

  /** The rows of a table, with numbers and booleans as such and everything else as Postgres spells it. */
  rows(table: string): Record<string, unknown>[] {
    return this.#table(table).read();
  }

  /** One transaction of somebody else. */
  change(changes: readonly ServerChange[]): void {
    this.#apply(changes.map((change) => () => this.#carryOut(change)));
  }

  /** The shapes of a table, or all of them, end: clients read them anew. */
  refetch(table?: string): void {
    this.#electric.refetch(table);
  }

  /** Rejects transactions that come. */
  reject(reason: string | { code?: string; message: string }, { times = 1, when }: Matching = {}): void {
    const { code = "REJECTED", message } = typeof reason === "string" ? { message: reason } : reason;
    this.#rejections.push({ left: times, when, code, message });
  }

  /** Accepts whatever comes, again. */
  accept(): void {
    this.#rejections = [];
    this.#statuses = [];
  }

  /** Answers the next POSTs with a status, and changes nothing. */
  fail(status: number, { times = 1, body = "", headers = {} }: { times?: number; body?: string; headers?: Record<string, string> } = {}): void {
    for (let left = times; left > 0; left--) this.#statuses.push({ status, body, headers });
  }

  /** @internal Nothing is under way but polls that wait for news. */
  get isQuiet(): boolean {
    return this.#busy === this.#electric.held;
  }

  /** @internal */
  async answer(request: Request): Promise<Response> {
    const signal = AbortSignal.any([request.signal, this.#goneOffline.signal]);
    this.#busy++;
    try {
      if (this.#offline) throw new TypeError("fetch failed");
      await this.#delay(signal);
      const url = new URL(request.url);
      if (url.pathname === "/v1/shape") return await this.#electric.answer(url, signal);
      if (url.pathname === "/changes" && request.method === "POST") return this.#write((await request.json()) as OutgoingTransaction[]);
      return new Response("not found", { status: 404 });
    } finally {
      this.#busy--;
    }
  }

  #delay(signal: AbortSignal): Promise<void> | undefined {
    if (this.latency <= 0) return undefined;
    return new Promise((resolve, reject) => {
      const timer = clock.setTimeout(resolve, this.latency);
      signal.addEventListener("abort", () => {
        clock.clearTimeout(timer);
        reject(signal.reason);
      });
    });
  }

  #write(transactions: OutgoingTransaction[]): Response {
    this.writes.push(...transactions);
    const failure = this.#statuses.shift();
    if (failure) return new Response(failure.body, failure);
    return Response.json({ transactions: transactions.map((transaction) => this.#decide(transaction)) });
  }

  /** What comes twice is answered as it was the first time. */
  #decide(transaction: OutgoingTransaction): WriteAnswer["transactions"][number] {
    const known = this.#answered.get(transaction.id);
    if (known) return known;
    const error = this.#objection(transaction);
    const verdict = error
      ? { id: transaction.id, status: "rejected" as const, error }
      : { id: transaction.id, status: "accepted" as const, ...this.#apply(transaction.changes.map((change) => () => this.#carryOut(change, change.write_id))) };
    // A retry of a rejected one has an id of its own.
    this.#answered.set(transaction.id, verdict);
    return verdict;
  }

  #objection(transaction: OutgoingTransaction): { code: string; message: string } | undefined {
    const rejection = this.#rejections.find(({ when, left }) => left > 0 && (!when || when(transaction)));
    if (rejection) {
      rejection.left--;
      return { code: rejection.code, message: rejection.message };
    }
    for (const { table: name, value, base } of this.detectConflicts ? transaction.changes : []) {
      const table = this.#table(name);
      const row = table.rows.get(table.keyOf(table.part(value)));
      const changed = Object.entries(table.part(base ?? {})).find(([column, text]) => row?.[column] !== text);
      if (changed) return { code: "CONFLICT", message: `${name}.${changed[0]} was changed meanwhile` };
    }
    return undefined;
  }

  /** A transaction: all of its changes have one position, the last one a mark. */
  #apply(changes: readonly (() => [Table, TextRow | undefined, TextRow | undefined])[]): { txid: number; lsn: number } {
    const txid = ++this.#transactions;
    const lsn = txid * STEP;
    changes.forEach((carryOut, index) => {
      const [table, before, after] = carryOut();
      if (before || after) table.log.push({ lsn, txid, position: index * 2, isLast: index === changes.length - 1, before, after });
    });
    this.#electric.wake();
    return { txid, lsn: lsn + 1 };
  }

  #carryOut({ table: name, operation, value }: ServerChange, writeId?: string): [Table, TextRow | undefined, TextRow | undefined] {
    const table = this.#table(name);
    const given = table.part(value);
    const key = table.keyOf(given);
    const before = table.rows.get(key);
    if (operation === "delete") {
      table.rows.delete(key);
      return [table, before, undefined];
    }
    if (operation === "update" && !before) return [table, undefined, undefined];
    const mark = writeId !== undefined && table.columns.has("write_id") ? { write_id: writeId } : {};
    const after = { ...(before ?? table.full({})), ...given, ...mark };
    table.rows.set(key, after);
    return [table, before, after];
  }

  #table(name: string): Table {
    const table = this.#tables.get(name);
    if (!table) throw new Error(`the world has no table ${name}`);
    return table;
  }
}
