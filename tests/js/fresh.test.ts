// A live query's whole result that comes again, from another engine: told as what is different.

import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveResult, OpenOptions, Row } from "../../src/js/index.js";
import { renew } from "../../src/js/fresh.js";
import { quiet, withDatabase } from "./worker_double.js";
import type { FlatLive } from "./wire.js";

const columns = ["id", "title"];
const valuesOf = (row: Row) => columns.map((column) => row[column]);
const byId = { columns, key: ["id"], valuesOf };
const byContent = { ...byId, key: [] };
const rows = (...pairs: [unknown, unknown][]) => pairs.map(([id, title]) => ({ id, title })) as Row[];

test("rows that are the same stay the same objects, in the new order", () => {
  const old = rows(["a", "A"], ["b", "B"], ["c", "C"]);
  const [a, b, c] = old;
  const fresh = rows(["d", "D"], ["c", "C"], ["a", "A2"]);
  const result = renew(old, fresh, byId);
  assert.deepEqual(result?.rows, fresh);
  assert.equal(result?.rows[1], c);
  assert.deepEqual(result?.delta, { inserted: [fresh[0]], updated: [[a, fresh[2]]], deleted: [b] });
});

test("the same rows in the same order are nothing; in another order they are, with no change", () => {
  const old = rows(["a", "A"], ["b", "B"]);
  assert.equal(renew(old, rows(["a", "A"], ["b", "B"]), byId), undefined);
  assert.equal(renew([], [], byId), undefined);
  const moved = renew(old, rows(["b", "B"], ["a", "A"]), byId);
  assert.deepEqual(moved, { rows: [old[1], old[0]], delta: { inserted: [], updated: [], deleted: [] } });
});

test("without a key a changed row is another row, and equal rows are counted", () => {
  const old = rows(["a", "A"], ["a", "A"], ["b", "B"]);
  const result = renew(old, rows(["a", "A"], ["b", "B2"]), byContent);
  assert.equal(result?.rows[0], old[0]);
  assert.deepEqual(result?.delta, { inserted: [{ id: "b", title: "B2" }], updated: [], deleted: [old[1], old[2]] });
});

test("equal rows are told apart by their order alone, even very many", () => {
  const many = rows(...Array.from({ length: 20_000 }, (): [unknown, unknown] => ["a", "A"]));
  const result = renew(many, [...many.map((row) => ({ ...row })), ...rows(["b", "B"])], byContent);
  assert.equal(result?.rows[19_999], many[19_999]);
  assert.deepEqual(result?.delta.deleted, []);
});

test("values of other types and values that run together are not the same", () => {
  const pairs: [[unknown, unknown], [unknown, unknown]][] = [
    [["1", "x"], [1, "x"]],
    [[1n, "x"], [1, "x"]],
    [[null, "x"], ["null", "x"]],
    [["ab", "c"], ["a", "bc"]],
    [["astringb", "c"], ["a", "bstringc"]],
    [[new Uint8Array([1, 2]), ""], ["1,2", ""]],
    [[new Uint8Array([12]), ""], [new Uint8Array([1, 2]), ""]],
    [[true, ""], ["true", ""]],
  ];
  for (const [one, other] of pairs) {
    assert.deepEqual(renew(rows(one), rows(other), byContent)?.delta.updated, [], String(one));
    assert.equal(renew(rows(one), rows(other), byContent)?.rows.length, 1);
    assert.equal(renew(rows(one), rows(one), byContent), undefined);
  }
});

const first: FlatLive = { type: "live", subscription: 1, fresh: true, columns, values: ["a", "A", "b", "B"], steps: [2, 2] };

/** What a subscriber hears of these notifications, one after the other. */
async function heard(notifications: FlatLive[], key: string[], options: Partial<OpenOptions> = {}): Promise<LiveResult[]> {
  const results: LiveResult[] = [];
  await withDatabase(
    quiet,
    async (db, worker) => {
      db.live("SELECT * FROM todos", [], { key }).subscribe((result) => results.push(result));
      await db.status();
      for (const notification of notifications) worker.notify(notification);
      await db.status();
      await db.status();
      assert.deepEqual(worker.notices, notifications.map(() => ({ type: "took", subscription: 1 })));
    },
    options,
  );
  return results;
}

test("a subscriber is told of a new term only what is different, and diffs go on from there", async () => {
  const again = { ...first, values: ["b", "B", "c", "C"] };
  const step = { ...first, fresh: false, values: ["C2"], columns: ["title"], steps: [0, 0, 1, 1, 1] };
  const [one, two, three, ...more] = await heard([first, first, again, { ...step, columns, values: ["c", "C2"] }], ["id"]);
  assert.deepEqual(one?.changes.inserted.length, 2);
  assert.equal(two?.rows[0], one?.rows[1]);
  assert.deepEqual(two?.changes, { inserted: [{ id: "c", title: "C" }], updated: [], deleted: [{ id: "a", title: "A" }] });
  assert.deepEqual(three?.changes, { inserted: [], updated: [{ id: "c", title: "C2" }], deleted: [] });
  assert.equal(three?.rows[0], one?.rows[1]);
  assert.deepEqual(more, []);
});

test("rows that parsers made are compared by what they were made of", async () => {
  const typed: FlatLive = { ...first, origins: ["todos.id", "todos.title"], types: ["text", "jsonb"], values: ["a", '{"n":1}', "b", '{"n":2}'] };
  const again = { ...typed, values: ["a", '{"n":1}', "b", '{"n":3}'] };
  const [one, two, ...more] = await heard([typed, typed, again], ["id"], { parsers: { jsonb: (text) => new Set([text]) } });
  assert.equal(two?.rows[0], one?.rows[0]);
  assert.deepEqual(two?.changes, { inserted: [], updated: [{ id: "b", title: new Set(['{"n":3}']) }], deleted: [] });
  assert.deepEqual(more, []);
});

test("a column of another type or another column makes every row anew", async () => {
  const typed: FlatLive = { ...first, origins: ["todos.id", "todos.title"], types: ["text", "text"] };
  const [, two] = await heard([typed, { ...typed, types: ["text", "jsonb"] }], ["id"], { parsers: { jsonb: (text) => [text] } });
  assert.deepEqual(two?.changes.inserted, [{ id: "a", title: ["A"] }, { id: "b", title: ["B"] }]);
  assert.equal(two?.changes.deleted.length, 2);
  const [, renamed] = await heard([first, { ...first, columns: ["id", "name"] }], ["id"]);
  assert.deepEqual(renamed?.rows, [{ id: "a", name: "A" }, { id: "b", name: "B" }]);
});

test("a notification is acknowledged when nobody listens any more, and when it cannot be read", async () => {
  await withDatabase(quiet, async (db, worker) => {
    db.live("SELECT 1").subscribe(() => {})();
    db.live("SELECT 2").subscribe(() => {}, () => {});
    await db.status();
    worker.notify({ ...first, fresh: false });
    worker.notify({ ...first, subscription: 2, steps: [0, 5, 1] });
    await db.status();
    await db.status();
    assert.deepEqual(worker.notices, [1, 2].map((subscription) => ({ type: "took", subscription })));
  });
});
