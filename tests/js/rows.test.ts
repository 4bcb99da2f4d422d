import assert from "node:assert/strict";
import { test } from "node:test";
import { applySteps, mergeDeltas, toRows, type Delta } from "../../src/js/rows.js";
import { wireRows, type FlatRows } from "./wire.js";

type Todo = { id: string; title: string };
const columns = ["id", "title"];
const [a, b, c] = [{ id: "a", title: "A" }, { id: "b", title: "B" }, { id: "c", title: "C" }] as [Todo, Todo, Todo];

const read = <R = Record<string, unknown>>(rows: FlatRows, block?: number) => toRows<R>(wireRows(rows, block));
const apply = (old: readonly Todo[], values: unknown[], steps: number[]) => applySteps(old, read<Todo>({ columns, values }), steps);

test("values become row objects", () => {
  assert.deepEqual(read({ columns, values: ["a", "A", "b", null] }), [{ id: "a", title: "A" }, { id: "b", title: null }]);
  assert.deepEqual(read({ columns, values: [] }), []);
  assert.deepEqual(read({ columns: [], values: [] }), []);
  assert.deepEqual(toRows(undefined), []);
});

test("each kind of value is what it was, whatever block it stands in", () => {
  const texts = ["", "\ufeffmark", "naïve 🚋\0", "x".repeat(247), "🚋".repeat(124)];
  const numbers = [0, -1, 2 ** 31 - 1, -(2 ** 31), 1.5, -0, Infinity, Number.MAX_SAFE_INTEGER, 1e300];
  const wide = [2n ** 31n, -(2n ** 31n) - 1n, 2n ** 53n - 1n, 1n - 2n ** 53n].map((given): [bigint, number] => [given, Number(given)]);
  const beyond = [2n ** 53n, -(2n ** 53n), 2n ** 63n - 1n, -(2n ** 63n), 2n ** 53n + 1n];
  const given = [null, true, false, ...texts, ...numbers, ...wide.map(([one]) => one), ...beyond, Uint8Array.of(0, 255, 7), Uint8Array.of()];
  const wanted = given.map((value) => wide.find(([one]) => one === value)?.[1] ?? value);
  for (const block of [1, 2, Infinity]) {
    const values = given.flatMap((value, at) => [value, at]);
    const rows = read<{ value: unknown; at: number }>({ columns: ["value", "at"], values }, block);
    assert.deepStrictEqual(rows, wanted.map((value, at) => ({ value, at })));
  }
});

test("bytes are the app's own: those of the message are not kept for them", () => {
  const [row] = read<{ bytes: Uint8Array }>({ columns: ["bytes"], values: [Uint8Array.of(1, 2)] });
  assert.equal(row?.bytes.buffer.byteLength, 2);
});

test("of two columns with one name the last wins, in the place of the first", () => {
  const [row] = read({ columns: ["id", "title", "id"], values: ["a", "A", "b"] });
  assert.deepEqual(Object.entries(row ?? {}), [["id", "b"], ["title", "A"]]);
});

test("what is told of the columns comes before the rows, and decides how they are read", () => {
  const told: unknown[] = [];
  const sources = new WeakMap<object, readonly unknown[]>();
  const typed = { columns, origins: ["todos.id", ""], types: ["int8", ""] };
  const [first, second] = toRows<Todo>(wireRows({ ...typed, values: [1, "A", null, null] }), (columns) => {
    told.push(columns);
    return { parsers: [(id) => `#${id}`, undefined], sources };
  });
  assert.deepEqual(told, [typed]);
  assert.deepEqual([first, second], [{ id: "#1", title: "A" }, { id: null, title: null }]);
  assert.deepEqual([first, second].map((row) => sources.get(row as Todo)), [[1, "A"], [null, null]]);
});

test("a column called __proto__ is a property like any other", () => {
  const [row] = read({ columns: ["id", "__proto__"], values: ["a", "evil"] });
  assert.equal(Object.getPrototypeOf(row), Object.prototype);
  assert.deepEqual(Object.entries(row ?? {}), [["id", "a"], ["__proto__", "evil"]]);
});

test("the first result inserts every row", () => {
  const { rows, delta } = apply([], ["a", "A", "b", "B"], [2, 2]);
  assert.deepEqual(rows, [a, b]);
  assert.deepEqual(delta, { inserted: rows, updated: [], deleted: [] });
});

test("kept rows are the same objects, replaced ones are new, rows in no step are gone", () => {
  const { rows, delta } = apply([a, b, c], ["n", "N", "c", "C2"], [2, 1, 0, 0, 1, 1, 2]);
  assert.deepEqual(rows.map((row) => row.title), ["N", "A", "C2"]);
  assert.equal(rows[1], a);
  assert.deepEqual(delta, { inserted: [rows[0]], updated: [[c, rows[2]]], deleted: [b] });
});

test("a row that only moves is no change", () => {
  const { rows, delta } = apply([a, b, c], [], [0, 2, 1, 0, 0, 2]);
  assert.deepEqual(rows, [c, a, b]);
  assert.deepEqual(delta, { inserted: [], updated: [], deleted: [] });
});

test("steps that do not fit the old result are an internal error, never a hole in the rows", () => {
  for (const steps of [[0, 2, 2], [1, 3], [1], [2, 1], [9], [0, 0]]) {
    assert.throws(() => apply([a, b, c], [], steps), { code: "INTERNAL" }, JSON.stringify(steps));
  }
});

test("deltas merged are the difference between the first and the last result", () => {
  const merge = (first: Partial<Delta<Todo>>, second: Partial<Delta<Todo>>) => {
    const whole = (delta: Partial<Delta<Todo>>): Delta<Todo> => ({ inserted: [], updated: [], deleted: [], ...delta });
    return mergeDeltas(whole(first), whole(second));
  };
  const a2 = { ...a, title: "A2" };
  const a3 = { ...a, title: "A3" };
  assert.deepEqual(merge({ inserted: [a] }, { deleted: [a] }), { inserted: [], updated: [], deleted: [] });
  assert.deepEqual(merge({ inserted: [a] }, { updated: [[a, a2]] }), { inserted: [a2], updated: [], deleted: [] });
  assert.deepEqual(merge({ updated: [[a, a2]] }, { updated: [[a2, a3]] }), { inserted: [], updated: [[a, a3]], deleted: [] });
  assert.deepEqual(merge({ updated: [[a, a2]] }, { deleted: [a2] }), { inserted: [], updated: [], deleted: [a] });
  assert.deepEqual(merge({ deleted: [b] }, { inserted: [c] }), { inserted: [c], updated: [], deleted: [b] });
});
