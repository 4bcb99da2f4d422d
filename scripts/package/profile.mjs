// Finds out which functions of the module a first use of the package takes, and writes down the others: they go to the second file.

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
import { stableName } from "./names.mjs";
import { optimise } from "./wasm.mjs";
import { listed } from "./split.mjs";

process.chdir(root);

/** What is entered depends a little on which of two events comes first. */
const rounds = 6;

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
  for (let round = 0; round < rounds; round++) {
    const server = await startServer({ packed, chunkBytes: 100_000 });
    const profile = await newProfile();
    await profile.context.addInitScript(listen);
    try {
      await firstUse(profile, server, { options: { workerUrl: "/fixtures/counted-worker.js" }, leave, crash: round % 2 === 1 });
    } finally {
      await profile.dispose();
      await server.dispose();
    }
  }
} finally {
  rmSync(packed, { recursive: true });
}

const functions = parse(module).functions.map(({ name, body }, index) => ({ name: stableName(name), size: body.length, entered: entered.has(index) }));
const used = new Set(functions.filter(({ entered }) => entered).map(({ name }) => name));
const unused = functions.filter(({ name }) => name !== undefined && !used.has(name));
writeFileSync(listed, `${[...new Set(unused.map(({ name }) => name))].sort().join("\n")}\n`);
const bytes = (some) => some.reduce((sum, { size }) => sum + size, 0);
console.log(`${unused.length} of ${functions.length} functions, ${bytes(unused)} of ${bytes(functions)} bytes, are not entered: ${listed}`);

/** In a page: notes what its worker tells, and the other pages'. */
function listen() {
  globalThis.entered = new Set();
  new BroadcastChannel("entered").onmessage = ({ data }) => entered.add(data);
}
