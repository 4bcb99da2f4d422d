// What functions are called from build to build.

import { createHash } from "node:crypto";

const longest = 110;

/**
 * A symbol's name without what changes when nothing else does: hashes of crates, and the numbers of functions that share a name. Paths are
 * cut to their last two parts. What is left may be the name of several functions. What wasm-opt made of several has none.
 */
export function stableName(symbol) {
  if (symbol === undefined) return undefined;
  const plain = symbol.replace(/\[[0-9a-f]{13,16}\]/g, "").replace(/(\[\d+\])+$/, "");
  const short = plain.replace(/(?:\b\w+::)+(?=\w+::[\w{]|[A-Z])/g, "");
  if (short.length <= longest) return short;
  return `${short.slice(0, longest)}… ${createHash("sha256").update(plain).digest("hex").slice(0, 8)}`;
}
