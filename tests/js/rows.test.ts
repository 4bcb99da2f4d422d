import assert from "node:assert/strict";
import { test } from "node:test";
import { applySteps, mergeDeltas, toRows, type Delta } from "../../src/js/rows.js";

type Todo = { id: string; title: string };
const columns = ["id", "title"];
const [a, b, c] = [{ id: "a", title: "A" }, { id: "b", title: "B" }, { id: "c", title: "C" }] as [Todo, Todo, Todo];

test("flat values become row objects", () => {
  assert.deepEqual(toRows({ columns, values: ["a", "A", "b", null] }), [{ id: "a", title: "A" }, { id: "b", title: null }]);
  assert.deepEqual(toRows({ columns, values: [] }), []);
  assert.deepEqual(toRows({ columns: [], values: [] }), []);
});

test("a column called __proto__ is a property like any other", () => {
  const [row] = toRows<Record<string, unknown>>({ columns: ["id", "__proto__"], values: ["a", { evil: true }] });
  assert.equal(Object.getPrototypeOf(row), Object.prototype);
  assert.deepEqual(Object.entries(row ?? {}), [["id", "a"], ["__proto__", { evil: true }]]);
});

test("the first result inserts every row", () => {
  const { rows, delta } = applySteps<Todo>([], { columns, values: ["a", "A", "b", "B"], steps: [2, 2] });
  assert.deepEqual(rows, [a, b]);
  assert.deepEqual(delta, { inserted: rows, updated: [], deleted: [] });
});

test("kept rows are the same objects, replaced ones are new, rows in no step are gone", () => {
  const { rows, delta } = applySteps([a, b, c], { columns, values: ["n", "N", "c", "C2"], steps: [2, 1, 0, 0, 1, 1, 2] });
  assert.deepEqual(rows.map((row) => row.title), ["N", "A", "C2"]);
  assert.equal(rows[1], a);
  assert.deepEqual(delta, { inserted: [rows[0]], updated: [[c, rows[2]]], deleted: [b] });
});

test("a row that only moves is no change", () => {
  const { rows, delta } = applySteps([a, b, c], { columns, values: [], steps: [0, 2, 1, 0, 0, 2] });
  assert.deepEqual(rows, [c, a, b]);
  assert.deepEqual(delta, { inserted: [], updated: [], deleted: [] });
});

test("steps that do not fit the old result are an internal error, never a hole in the rows", () => {
  for (const steps of [[0, 2, 2], [1, 3], [1], [2, 1], [9], [0, 0]]) {
    assert.throws(() => applySteps([a, b, c], { columns, values: [], steps }), { code: "INTERNAL" }, JSON.stringify(steps));
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
