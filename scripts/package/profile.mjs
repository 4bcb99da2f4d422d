// Finds out what of the module a first use of the package takes, and writes it down: the rest goes to the second file.

import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { firstUse } from "../../tests/browser/support/first-use.mjs";
import { newProfile } from "../../tests/browser/support/profile.mjs";
import { startServer } from "../../tests/browser/support/server.mjs";
import { root, settings } from "../settings.mjs";
import { counted } from "./counted.mjs";
import { shortenImports } from "./imports.mjs";
import { bundle } from "./javascript.mjs";
import { parse } from "./module.mjs";
import { numberPoints } from "./points.mjs";
import { writeTaken } from "./taken.mjs";
import { treeOf } from "./tree.mjs";
import { optimise } from "./wasm.mjs";

process.chdir(root);

/** What is come to depends on the rows, on how they arrive and a little on which of two events comes first. */
const chunks = [60_000];
const rounds = [{ rows: 3000 }, { rows: 40, crash: true }, { rows: 500 }, { rows: 1500, crash: true }, { rows: 3000, crash: true }, { rows: 40 }, { rows: 500, crash: true }, { rows: 1500 }];

const { name } = settings.build;
const wasm = `${name}_bg.wasm`;
const { module, names } = shortenImports(optimise(readFileSync(join(settings.build["wasm-pack-output"], wasm))));

const packed = mkdtempSync(join(tmpdir(), "throughline-counted-"));
const entered = new Set();
try {
  await bundle(packed, names, module);
  writeFileSync(join(packed, wasm), counted(module));
  const leave = async (page) => {
    for (const index of await page.evaluate(() => [...entered])) entered.add(index);
  };
  for (const chunkBytes of chunks) {
    const server = await startServer({ packed, chunkBytes });
    try {
      for (const round of rounds) await run(server, { ...round, leave, writes: 6 });
    } finally {
      await server.dispose();
    }
  }
} finally {
  rmSync(packed, { recursive: true });
}

const parsed = parse(module);
let next = 0;
const functions = parsed.functions.map((each) => {
  const tree = treeOf(each, parsed);
  const first = next;
  next += tree ? numberPoints(tree) : 1;
  return { name: each.name, tree, size: each.body.length, isTaken: (point) => entered.has(first + point) };
});
const file = writeTaken(functions);
const unused = functions.filter(({ isTaken }) => !isTaken(0));
const bytes = (some) => some.reduce((sum, { size }) => sum + size, 0);
console.log(`${entered.size} of ${next} points are come to; ${unused.length} of ${functions.length} functions, ${bytes(unused)} of ${bytes(functions)} bytes, are not entered: ${file}`);

async function run(server, round) {
  await server.reset();
  const profile = await newProfile();
  try {
    await profile.context.addInitScript(listen);
    await firstUse(profile, server, { options: { workerUrl: "/fixtures/counted-worker.js" }, ...round });
  } finally {
    await profile.dispose();
  }
}

/** In a page: notes what its worker tells, and the other pages'. */
function listen() {
  globalThis.entered = new Set();
  new BroadcastChannel("entered").onmessage = ({ data }) => entered.add(data);
}
