import type { TransactionState } from "../protocol.js";
import { counted, same } from "./values.js";

/** One row by its columns. */
export type Cells = Record<string, unknown>;

/** A write of the row that is on its way, or was rejected. */
export interface Intent {
  transaction: number;
  state: TransactionState;
  attempts: number;
  operation: "insert" | "update" | "delete";
  /** The columns it wrote. */
  value: Cells;
  base: Cells | null;
  error: { code: string; message: string } | null;
}

/** A row in its layers. */
export interface Layers {
  columns: readonly string[];
  /** The server's. */
  synced: Cells | undefined;
  /** The shadow row: all of it with the writes that are on their way. */
  local: Cells | undefined;
  /** What the app sees. */
  merged: Cells | undefined;
  /** Oldest first. */
  intents: readonly Intent[];
}

/** One column of a row in its layers. */
export interface ColumnLayers {
  name: string;
  synced: unknown;
  local: unknown;
  merged: unknown;
  /** What the app sees is not what the server has. */
  changed: boolean;
  /** The transactions on their way that wrote it. */
  by: number[];
}

/** Each column, side by side. */
export function columnsOf({ columns, synced, local, merged, intents }: Layers): ColumnLayers[] {
  const pending = intents.filter(({ state }) => state !== "rejected");
  return columns.map((name) => {
    const by = pending.filter(({ operation, value }) => operation === "delete" || name in value).map(({ transaction }) => transaction);
    // Without a write of its own a column may differ all the same: the shadow row has another write id.
    const differs = !synced || !merged || (by.length > 0 && !same(synced[name], merged[name]));
    return { name, synced: synced?.[name], local: local?.[name], merged: merged?.[name], changed: local !== undefined && differs, by };
  });
}

/** Why the row looks so, a sentence each. */
export function explain(layers: Layers): string[] {
  const { synced, local, merged, intents } = layers;
  const pending = intents.filter(({ state }) => state !== "rejected");
  const rejected = intents.filter(({ state }) => state === "rejected");
  return [head(layers, pending), ...pending.map(standing), ...rejected.map(refusal)].filter((sentence) => sentence !== undefined);

  function head(row: Layers, writes: readonly Intent[]): string {
    const of = `transaction${new Set(writes.map(({ transaction }) => transaction)).size === 1 ? "" : "s"} ${numbers(writes)}`;
    if (!local) return synced ? "This is the server's row; no write of it is on its way." : "There is no such row, neither here nor from the server.";
    if (!merged) return synced ? `The server's row is hidden: it was deleted here by ${of}.` : `It was written and deleted here by ${of}.`;
    if (!synced) return `The row is from here: the server's has not come back yet. It was written by ${of}.`;
    const changed = columnsOf(row).filter((column) => column.changed);
    if (changed.length === 0) return `The server's row holds what was written here by ${of}, and the confirmation is still to come.`;
    return `This is the server's row with ${list(changed.map(({ name }) => name))} as written here by ${of}.`;
  }
}

function numbers(intents: readonly Intent[]): string {
  return list([...new Set(intents.map(({ transaction }) => `#${transaction}`))]);
}

function standing({ transaction, state, attempts, error }: Intent): string | undefined {
  switch (state) {
    case "queued":
      return error
        ? `#${transaction} waits to be sent again after ${counted(attempts, "attempt")}: ${error.message}`
        : `#${transaction} waits to be sent.`;
    case "sending":
      return `#${transaction} is being sent, for the ${nth(attempts)} time.`;
    case "accepted":
      return `#${transaction} is accepted by the server and has not come back through the shape.`;
    default:
      return undefined;
  }
}

function refusal({ transaction, operation, error }: Intent): string {
  return `#${transaction}, ${operation === "insert" ? "an insert" : `a${operation === "update" ? "n update" : " delete"}`}, was rejected and rolled back: ${error?.message ?? "no reason was given"}`;
}

function list(words: readonly string[]): string {
  return words.length < 2 ? words.join() : `${words.slice(0, -1).join(", ")} and ${words.at(-1)}`;
}

function nth(count: number): string {
  const suffix = count % 100 > 10 && count % 100 < 14 ? "th" : (["th", "st", "nd", "rd"][count % 10] ?? "th");
  return `${count}${suffix}`;
}
