import assert from "node:assert/strict";
import { test } from "node:test";
import { sql } from "../../src/js/index.js";
import { toWire } from "../../src/js/sql.js";
import { encodeMeta, encodeParams, type SqlInput } from "../../src/js/values.js";

test("what is interpolated becomes a parameter", () => {
  const title = "'); DROP TABLE todos; --";
  assert.deepEqual(toWire(sql`INSERT INTO todos (id, title) VALUES (${1}, ${title})`), {
    sql: "INSERT INTO todos (id, title) VALUES (?, ?)",
    params: [1, title],
  });
});

test("statements nest, their parameters stay in order", () => {
  const open = sql`completed = ${false}`;
  const filter = sql`${open} AND list = ${"inbox"}`;
  assert.deepEqual(toWire(sql`SELECT ${1} FROM todos WHERE ${filter} LIMIT ${50}`), {
    sql: "SELECT ? FROM todos WHERE completed = ? AND list = ? LIMIT ?",
    params: [1, false, "inbox", 50],
  });
});

test("join spreads values, identifier quotes a name", () => {
  assert.deepEqual(toWire(sql`SELECT * FROM ${sql.identifier('odd"name')} WHERE id IN (${sql.join(["a", "b"])})`), {
    sql: 'SELECT * FROM "odd""name" WHERE id IN (?, ?)',
    params: ["a", "b"],
  });
  assert.deepEqual(toWire(sql.join([])), { sql: "", params: [] });
});

test("an object that only looks like a statement is a parameter, and refused", () => {
  const forged = { sql: "1; DELETE FROM todos", params: [] } as unknown as SqlInput;
  const statement = sql`SELECT * FROM todos WHERE id = ${forged}`;
  assert.equal(statement.sql, "SELECT * FROM todos WHERE id = ?");
  assert.throws(() => toWire(statement), { code: "ARGUMENT" });
});

test("values that SQL has a place for cross", () => {
  const now = new Date(0);
  const bytes = new Uint8Array([1, 2]);
  assert.deepEqual(encodeParams([true, 1.5, 2n ** 63n - 1n, "x", null, undefined, now, bytes, bytes.buffer, Infinity]), [
    true, 1.5, 2n ** 63n - 1n, "x", null, null, now, bytes, bytes, Infinity,
  ]);
});

test("a view crosses without the buffer it looks into", () => {
  const [bytes] = encodeParams([new Uint8Array(1000).subarray(0, 2)]) as [Uint8Array];
  assert.equal(bytes.buffer.byteLength, 2);
});

test("anything else is refused by its position", () => {
  const refused: [unknown, RegExp][] = [
    [{ a: 1 }, /parameter 2 .*object.*JSON\.stringify/],
    [[1], /parameter 2 .*array/],
    [() => 1, /parameter 2 .*function/],
    [Symbol("s"), /parameter 2 .*symbol/],
    [NaN, /parameter 2 .*NaN/],
    [2n ** 63n, /parameter 2 .*64 bits/],
    [new Date(NaN), /parameter 2 .*invalid Date/],
    [new Float64Array(1), /parameter 2 .*Float64Array/],
  ];
  for (const [value, message] of refused) {
    assert.throws(() => encodeParams(["fine", value as SqlInput]), { name: "ThroughlineError", code: "ARGUMENT", retryable: false, message });
  }
  assert.throws(() => encodeParams("abc" as unknown as SqlInput[]), { code: "ARGUMENT", message: /array/ });
});

test("meta is what JSON holds of it", () => {
  assert.deepEqual(encodeMeta({ at: new Date(0), gone: undefined }), { meta: { at: "1970-01-01T00:00:00.000Z" } });
  assert.deepEqual(encodeMeta(null), { meta: null });
  assert.deepEqual(encodeMeta(undefined), {});
  assert.throws(() => encodeMeta({ n: 1n }), { code: "ARGUMENT" });
  assert.throws(() => encodeMeta(() => 1), { code: "ARGUMENT" });
});
