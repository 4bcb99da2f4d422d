// What Throughline wants to reach beside the others, and whether it did in this comparison.

import { ofRuns } from "../harness/statistics.mjs";

const ours = "throughline";
/** Those that are SQLite. */
const sqlite = ["sqlite-wasm-delete", "sqlite-wasm-wal", "wa-sqlite", "sqlocal", "powersync"];
const fastest = sqlite.map((system) => [system]);

/** A measure of ours is at most so many times the same of the others, the least of them. */
const ratio = (goal, measure, to, others, most) => ({ goal, measure, to, others, most });
/** A measure of ours is at most so much. */
const limit = (goal, measure, most, unit) => ({ goal, measure, most, unit });

export const goals = [
  limit("download", "bytes", 340_000, "bytes"),
  ratio("download", "bytes", "sqlite-wasm", [["sqlite-wasm-wal"]], 1),
  ratio("download", "bytes", "PGlite", [["pglite"]], 0.1),
  ratio("cold open → first row", "cold", "the fastest SQLite peer", fastest, 1),
  ratio("cold open → first row", "cold", "PGlite", [["pglite"]], 0.1),
  ratio("warm reopen, 10k rows", "warm10k", "the fastest SQLite peer", fastest, 1),
  ratio("warm reopen, 100k rows", "warm100k", "the fastest SQLite peer", fastest, 1),
  ratio("warm reopen, 100k rows", "warm100k", "PGlite", [["pglite"]], 0.1),
  ...["insert", "update", "delete"].map((call) => ratio(`one-row ${call} through view, triggers and log`, call, "sqlite-wasm WAL, bare table", [["sqlite-wasm-wal"]], 1.2)),
  ratio("10k inserts in one transaction", "batch", "a bare table of the same engine", [[ours, "bareBatch"]], 2),
  ratio("10k inserts in one transaction", "batch", "PowerSync", [["powersync"]], 1),
  ratio("point get", "get", "the fastest SQLite peer", fastest, 1),
  ratio("list of 100 rows", "list", "the fastest SQLite peer", fastest, 1),
  ratio("5,000 rows as objects", "rows", "the fastest SQLite peer", fastest, 1),
  ...[["get", "point get"], ["top50", "ordered top 50"], ["range", "range"], ["join", "join"]].map(([question, title]) =>
    ratio(`${title} through the view, 100k rows, 100 shadow rows`, `${question}100`, "the synced table", [[ours, `${question}Bare`]], 1.3),
  ),
  ratio("scan through the view, 100k rows, 100 shadow rows", "scan100", "the synced table", [[ours, "scanBare"]], 2),
  ratio("count(*) through the view, 100k rows, 100 shadow rows", "count100", "the synced table", [[ours, "countBare"]], 2),
  limit("local write → live callback, 100 rows", "live100x1", 3, "ms"),
  limit("local write → live callback, 10k rows", "live10kx1", 6, "ms"),
  ratio("first sync of 100k rows, durable", "sync100k", "@electric-sql/client, in memory", [["electric-client"]], 1),
  ratio("first sync of 100k rows, durable", "sync100k", "pglite-sync", [["pglite"]], 0.25),
  ratio("another user's write → live callback", "remote", "@electric-sql/client", [["electric-client"]], 1.3),
  ratio("another user's write → live callback", "remote", "PGlite with the pattern", [["pglite"]], 0.5),
  ratio("local write → POST → echo → confirmed", "loop", "PGlite with the pattern", [["pglite"]], 0.5),
  limit("renderer's memory, 100k rows synced", "memory100k", 300_000_000, "bytes"),
  ratio("first sync of 1M rows", "sync1m", "100k rows", [[ours, "sync100k"]], 11),
  ...[["get", "point get"], ["write", "local write"], ["top", "live top 50"]].flatMap(([call, title]) => [
    ratio(`${title} at 100k rows`, `${call}100k`, "10k rows", [[ours, `${call}10k`]], 1.5),
    ratio(`${title} at 1M rows`, `${call}1m`, "10k rows", [[ours, `${call}10k`]], 1.5),
  ]),
];

/** What came of a goal: `{ median, min, max, isMet }` of the ratio or the figure, or null if this comparison does not tell. */
export function outcome({ measure, others, most }, summary) {
  const values = others ? summary.ratios([ours, measure], others) : [...summary.values(ours, measure).values()];
  if (values.length === 0) return null;
  const found = ofRuns(values.map((value) => ({ value })));
  return { ...found, isMet: found.median <= most };
}
