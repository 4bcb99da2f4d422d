// How much a browser downloads.

import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { brotliCompressSync, constants, gzipSync } from "node:zlib";

const cache = "target/sizes";

/** Bytes of a file, raw and as a server would send it at its best. Brotli at 11 is slow, so the result is kept by content. */
export function measure(file) {
  const bytes = readFileSync(file);
  const kept = join(cache, `${createHash("sha256").update(bytes).digest("hex")}.json`);
  try {
    return { file: basename(file), ...JSON.parse(readFileSync(kept, "utf8")) };
  } catch {
    const params = { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length };
    const sizes = {
      raw: bytes.length,
      gzip: gzipSync(bytes, { level: 9 }).length,
      brotli: brotliCompressSync(bytes, { params }).length,
    };
    mkdirSync(cache, { recursive: true });
    writeFileSync(kept, JSON.stringify(sizes));
    return { file: basename(file), ...sizes };
  }
}

/**
 * Prints one line a file, the sum of those that the first row takes, the sum of all, and what the larger module takes in their place; true when
 * one is over its budget. Budgets and goal are bytes, brotli.
 */
export function report(first, later, larger, { "first-row": firstRow, brotli, goal, full }) {
  console.log(line("a browser downloads", { raw: "raw", gzip: "gzip -9", brotli: "brotli 11" }));
  for (const sizes of first) console.log(line(sizes.file, sizes));
  const toFirstRow = sum(first);
  console.log(line("to the first row", toFirstRow));
  for (const sizes of later) console.log(line(sizes.file, sizes));
  const inAll = sum([...first, ...later]);
  console.log(line("in all", inAll));
  for (const sizes of larger) console.log(line(sizes.file, sizes));
  const inFull = sum(larger);
  console.log(line("with throughline/full", inFull));
  const toGoal = toFirstRow.brotli - goal;
  console.log(toGoal > 0 ? `to the first row ${toGoal} over the goal of ${goal}` : `the goal of ${goal} to the first row is reached`);
  const budgets = [
    ["to the first row", "first-row", toFirstRow.brotli, firstRow],
    ["in all", "brotli", inAll.brotli, brotli],
    ["with throughline/full", "full", inFull.brotli, full],
  ];
  return budgets.map((budget) => isOver(...budget)).some(Boolean);
}

function isOver(what, setting, bytes, budget) {
  const left = budget - bytes;
  if (left < 0) console.error(`${what}: ${-left} bytes over the budget of ${budget} (wasm-pack.toml, [budget] ${setting})`);
  else console.log(`${what}: ${left} bytes left of the budget of ${budget}`);
  return left < 0;
}

function sum(files) {
  const total = (kind) => files.reduce((sum, sizes) => sum + sizes[kind], 0);
  return { raw: total("raw"), gzip: total("gzip"), brotli: total("brotli") };
}

const line = (name, { raw, gzip, brotli }) => [name.padEnd(24), ...[raw, gzip, brotli].map((value) => String(value).padStart(10))].join("");
