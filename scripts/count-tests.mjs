// Sums what the test runners themselves reported: node scripts/count-tests.mjs LOG…
//
// Ends with a failure when a log reports no test at all: a part that ran none has shown nothing.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { stripVTControlCharacters } from "node:util";

const total = { passed: 0, failed: 0 };
const empty = [];

for (const log of process.argv.slice(2)) {
  const { passed, failed } = count(stripVTControlCharacters(readFileSync(log, "utf8")));
  if (passed + failed === 0) empty.push(basename(log, ".log"));
  total.passed += passed;
  total.failed += failed;
}

console.log(`${total.passed} passed, ${total.failed} failed`);
if (empty.length > 0) {
  console.log(`no test ran in: ${empty.join(", ")}`);
  process.exitCode = 1;
}

/** Counts the closing lines of cargo's and wasm-bindgen's runners ("test result: …") and of Node's ("ℹ pass 3", "# pass 3"). */
function count(text) {
  const sum = (pattern) => [...text.matchAll(pattern)].reduce((total, [, number]) => total + Number(number), 0);
  return {
    passed: sum(/^test result: .*?(\d+) passed/gm) + sum(/^(?:ℹ|#) pass (\d+)$/gm),
    failed: sum(/^test result: .*?(\d+) failed/gm) + sum(/^(?:ℹ|#) (?:fail|cancelled) (\d+)$/gm),
  };
}
