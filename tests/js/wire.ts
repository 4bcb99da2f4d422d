// Results as the worker sends them: what src/tabs/rows.rs writes.

import type { WireColumns, WireExecuted, WireLive, WireNotification, WireReply, WireRows } from "../../src/js/messages.js";

/** A result with its values in one flat list, row after row. */
export interface FlatRows extends WireColumns {
  values: unknown[];
}

/** A live notification with such rows. */
export type FlatLive = Omit<WireLive, "rows"> & FlatRows;

/** The bytes of a result; `block`: how many rows stand in one block. */
export function wireRows({ columns, values, origins, types }: FlatRows, block = Infinity): WireRows {
  const parts: Uint8Array[] = [];
  let cells: number[] = [];
  let text = "";
  const number = (kind: number, size: number, write: (view: DataView) => void) => {
    const bytes = new Uint8Array(size);
    write(new DataView(bytes.buffer));
    cells.push(kind, ...bytes);
  };
  const cell = (value: unknown) => {
    if (value === null) cells.push(0);
    else if (typeof value === "boolean") cells.push(value ? 2 : 1);
    else if (typeof value === "bigint") number(4, 8, (view) => view.setBigInt64(0, value, true));
    else if (typeof value === "number" && Object.is(value | 0, value)) number(3, 4, (view) => view.setInt32(0, value, true));
    else if (typeof value === "number") number(5, 8, (view) => view.setFloat64(0, value, true));
    else if (value instanceof Uint8Array) {
      number(6, 4, (view) => view.setUint32(0, value.length, true));
      cells.push(...value);
    } else {
      const given = String(value);
      if (given.length < 248) cells.push(8 + given.length);
      else number(7, 4, (view) => view.setUint32(0, given.length, true));
      text += given;
    }
  };
  const end = () => {
    const bytes = new TextEncoder().encode(text);
    parts.push(new Uint8Array(Uint32Array.of(cells.length, bytes.length).buffer), Uint8Array.from(cells), bytes);
    cells = [];
    text = "";
  };
  [columns.length, ...columns, origins !== undefined, ...(origins ?? []), ...(types ?? [])].forEach(cell);
  values.forEach((value, at) => {
    cell(value);
    if ((at + 1) % (block * columns.length) === 0) end();
  });
  end();
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

/** What a test may say in place of a reply: results as flat lists. */
export type FlatReply = WireReply | FlatRows | (FlatRows & Omit<WireExecuted, "rows">) | (FlatRows & Omit<WireExecuted, "rows">)[];

/** The reply as the worker sends it. */
export function wireReply(reply: FlatReply): WireReply {
  if (Array.isArray(reply)) return reply.map((one) => wireReply(one as FlatReply)) as WireReply;
  if (reply === null || typeof reply !== "object" || reply instanceof Uint8Array || !("values" in reply)) return reply as WireReply;
  if (!("rowsAffected" in reply)) return wireRows(reply as FlatRows);
  const { rowsAffected, transaction } = reply;
  return { rowsAffected, transaction, ...(reply.columns.length > 0 && { rows: wireRows(reply) }) };
}

/** A notification in which a live query's rows are a flat list, or are not. */
export type FlatNotification = Exclude<WireNotification, WireLive> | FlatLive;

/** The notification as the worker sends it. */
export function wireNotification(told: FlatNotification): WireNotification {
  if (told.type !== "live") return told;
  const { columns, values, origins, types, ...live } = told;
  return { ...live, rows: wireRows({ columns, values, ...(origins && types && { origins, types }) }) };
}
