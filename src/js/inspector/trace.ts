import { hex } from "../values.js";

/** One recorded step, as far as a list shows it. */
export interface TraceStep {
  number: number;
  now: number;
  /** The event's name. */
  kind: string;
  /** The rest of it, as JSON. */
  about: string;
  effects: string[];
}

/** Reads the text of a step. */
export function readStep(number: number, text: string): TraceStep {
  const { now, event, effects } = JSON.parse(text) as { now: number; event?: string | Record<string, unknown>; effects: string[] };
  if (event === undefined) return { number, now, kind: "Opening", about: "", effects };
  if (typeof event === "string") return { number, now, kind: event, about: "", effects };
  const [[kind, about] = ["?", null]] = Object.entries(event);
  return { number, now, kind, about: JSON.stringify(kind === "Request" ? (about as unknown[])[1] : about), effects };
}

/**
 * The file that a test plays again: the database as it was when recording began, and the steps from there on. Their texts go in as they
 * are, since JavaScript's numbers are too small for some of theirs. Headers, which may hold secrets, are left out.
 */
export function traceFile(database: Uint8Array, [opening, ...steps]: readonly string[]): string {
  return `{"version":1,"database":"${hex(database)}","steps":[\n${[withoutHeaders(opening ?? "{}"), ...steps].join(",\n")}\n]}\n`;
}

function withoutHeaders(opening: string): string {
  const step = JSON.parse(opening) as { options?: Record<string, Record<string, unknown> | undefined> };
  for (const endpoint of ["electric", "write"]) delete step.options?.[endpoint]?.["headers"];
  return JSON.stringify(step);
}
