// A module cut in two does what it did in one piece, wherever it is cut.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { test } from "node:test";
// @ts-expect-error JavaScript without declarations
import { split } from "../../scripts/package/split.mjs";

type Taken = (point: number) => boolean;
type Cut = (name: string, tree: unknown) => Taken;

const inputs = [-3, -1, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 40];
const names = ["never", "returns", "loops", "chooses", "valued"];

function assembled(): Uint8Array<ArrayBuffer> {
  const folder = mkdtempSync(join(tmpdir(), "throughline-split-"));
  try {
    const file = join(folder, "split.wasm");
    execFileSync(process.execPath, ["node_modules/binaryen/bin/wasm-as", "--debuginfo", "tests/js/split.wat", "-o", file]);
    return new Uint8Array(readFileSync(file));
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** What each function answers to each input, and what it noted. */
function told(instantiate: (js: WebAssembly.ModuleImports) => WebAssembly.Exports): unknown {
  return names.map((name) =>
    inputs.map((input) => {
      const notes: number[] = [];
      const exports = instantiate({ note: (number: number) => notes.push(number) });
      return [name, input, (exports[name] as (input: number) => number)(input), notes];
    }),
  );
}

function cut(taken: Cut) {
  const files = split(Buffer.from(module), taken, { least: -Infinity, small: 0 });
  const [first, rest] = [files.first, files.rest].map((bytes) => new WebAssembly.Module(bytes)) as [WebAssembly.Module, WebAssembly.Module];
  let loads = 0;
  const answers = told((js) => {
    const load = () => {
      loads++;
      const functions = exports["t0"] as WebAssembly.Table;
      const table = new Proxy({}, { get: (_, place) => functions.get(Number(place)) as WebAssembly.ExportValue });
      new WebAssembly.Instance(rest, { js, first: exports, table });
    };
    const { exports } = new WebAssembly.Instance(first, { js: { ...js, load } });
    return exports;
  });
  return { answers, loads };
}

const module = assembled();
const whole = new WebAssembly.Module(module);
const expected = told((js) => new WebAssembly.Instance(whole, { js }).exports);

test("a module that is cut answers as it did in one piece, and loads the rest when it gets there", () => {
  const all = names.length * inputs.length;

  assert.deepEqual(cut(() => () => true), { answers: expected, loads: 0 });
  assert.deepEqual(cut(() => () => false), { answers: expected, loads: all });
  // Each turns to code that is not taken, sooner or later.
  assert.deepEqual(cut(() => (point) => point === 0), { answers: expected, loads: all });
});

test("wherever it is cut", () => {
  const loads = new Set<number>();
  for (let at = 0; at < 12; at++) {
    for (const taken of [(point: number) => point < at, (point: number) => point !== at]) {
      const { answers, loads: some } = cut(() => taken);
      assert.deepEqual(answers, expected, `${taken}, ${at}`);
      loads.add(some);
    }
  }
  assert.ok(loads.size > 5, `some inputs need the rest and some do not: ${[...loads]}`);
});
