// What of the module a first use takes, as ./dev profile writes it down: a line for each function of which something is not taken. One
// that is not entered is there by its name. Of the others it also says how its instructions are known again and which points were come
// to, a bit each. A function that is not there, or no longer like that, is taken as a whole.

import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { likeness, numberPoints } from "./points.mjs";
import { stableName } from "./names.mjs";

const file = "scripts/package/taken.txt";

/** What every other function may come to use, inlined in one build and not in the next. */
const common = /RawTableInner|^<?dlmalloc\[/;

/** The compilers of this build: others make other instructions of the same sources. */
function compilers() {
  const version = (program) => execFileSync(program, ["--version"], { encoding: "utf8" }).split("\n")[0];
  return `# ${version("rustc")}, ${version(process.env.CC_wasm32_unknown_unknown ?? "clang")}`;
}

/** Whether the list was made with the compilers of this build. After others it knows fewer functions again, and the first file is larger. */
export function isOfTheseCompilers() {
  return lines()[0] === compilers();
}

function lines() {
  return readFileSync(file, "utf8").trim().split("\n");
}

/**
 * Writes it down, with what was known before of functions that are still like that: no run comes to everything. `functions`: of each its
 * name, its tree and whether a point was come to.
 */
export function writeTaken(found) {
  const known = readTaken();
  const functions = found.map((each) => {
    const wasTaken = each.tree && known.partly(each.name, each.tree);
    return wasTaken ? { ...each, isTaken: (point) => each.isTaken(point) || wasTaken(point) } : each;
  });
  const told = new Set();
  const partly = new Map();
  const entered = new Set(functions.filter(({ isTaken }) => isTaken(0)).map(({ name }) => stableName(name)));
  for (const { name: symbol, tree, isTaken } of functions) {
    const name = stableName(symbol);
    if (name === undefined || common.test(symbol)) continue;
    if (!entered.has(name)) told.add(name);
    else if (tree && isTaken(0)) {
      // Several may be called the same and look alike.
      const key = `${name}\t${likeness(tree)}`;
      const others = partly.get(key) ?? [];
      partly.set(key, Array.from({ length: numberPoints(tree) }, (_, point) => isTaken(point) || others[point] === true));
    }
  }
  for (const [key, bits] of partly) if (bits.includes(false)) told.add(`${key}\t${hex(bits)}`);
  writeFileSync(file, `${[compilers(), ...[...told].sort()].join("\n")}\n`);
  return file;
}

/**
 * Asks for one function whether a point is taken, by its name and tree. Its `partly` does so of a function of which something is, and
 * knows nothing of others.
 */
export function readTaken() {
  const told = lines().slice(1).map((line) => line.split("\t"));
  const unused = new Set(told.filter(({ length }) => length === 1).map(([name]) => name));
  const bitsOf = new Map(told.filter(({ length }) => length > 1).map(([name, like, bits]) => [`${name}\t${like}`, bits]));
  const partly = (symbol, tree) => {
    const bits = bitsOf.get(`${stableName(symbol)}\t${likeness(tree)}`);
    if (bits?.length !== Math.ceil(numberPoints(tree) / 4)) return undefined;
    return (point) => (parseInt(bits[point >> 2], 16) & (1 << (point & 3))) !== 0;
  };
  const taken = (symbol, tree) => {
    if (unused.has(stableName(symbol))) return () => false;
    return (tree && partly(symbol, tree)) ?? (() => true);
  };
  return Object.assign(taken, { partly });
}

function hex(bits) {
  const digits = new Array(Math.ceil(bits.length / 4)).fill(0);
  for (const [point, bit] of bits.entries()) if (bit) digits[point >> 2] |= 1 << (point & 3);
  return digits.map((digit) => digit.toString(16)).join("");
}
