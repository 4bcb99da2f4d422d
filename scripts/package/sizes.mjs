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

/** Prints one line a file and their sum; true when the sum is over the budget. Budget and goal are bytes, brotli. */
export function report(files, { brotli: budget, goal }) {
  const sum = (kind) => files.reduce((total, sizes) => total + sizes[kind], 0);
  const total = { file: "in all", raw: sum("raw"), gzip: sum("gzip"), brotli: sum("brotli") };
  const column = (value) => String(value).padStart(10);
  console.log(`${"a browser downloads".padEnd(24)}${["raw", "gzip -9", "brotli 11"].map(column).join("")}`);
  for (const { file, raw, gzip, brotli } of [...files, total]) {
    console.log(`${file.padEnd(24)}${[raw, gzip, brotli].map(column).join("")}`);
  }
  const left = budget - total.brotli;
  if (left < 0) {
    console.error(`${-left} bytes over the budget of ${budget} (wasm-pack.toml, [budget] brotli)`);
    return true;
  }
  const toGoal = total.brotli - goal;
  const distance = toGoal > 0 ? `${toGoal} over the goal of ${goal}` : `the goal of ${goal} is reached`;
  console.log(`${left} bytes left of the budget of ${budget}; ${distance}`);
  return false;
}
