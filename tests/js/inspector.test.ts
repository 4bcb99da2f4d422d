import assert from "node:assert/strict";
import { test } from "node:test";
import { columnsOf, explain, type Intent, type Layers } from "../../src/js/inspector/explain.js";
import { isScan, planTree } from "../../src/js/inspector/plan.js";
import { readStep, traceFile } from "../../src/js/inspector/trace.js";
import { bytes, fromInput, same, show, span, toInput } from "../../src/js/inspector/values.js";

const columns = ["id", "title", "done"];
const server = { id: 1, title: "old", done: false };

function intent(more: Partial<Intent> = {}): Intent {
  const error = null;
  return { transaction: 7, state: "queued", attempts: 0, operation: "update", value: { title: "new" }, base: { title: "old" }, error, ...more };
}

function row(more: Partial<Layers> = {}): Layers {
  return { columns, synced: server, local: undefined, merged: server, intents: [], ...more };
}

/** With a write of the title on top. */
function written(...intents: Intent[]): Layers {
  const local = { ...server, title: "new" };
  return row({ local, merged: local, intents });
}

test("a row without writes is the server's", () => {
  assert.deepEqual(explain(row()), ["This is the server's row; no write of it is on its way."]);
  assert.ok(columnsOf(row()).every(({ changed, by }) => !changed && by.length === 0));
  assert.match(explain(row({ synced: undefined, merged: undefined }))[0] ?? "", /no such row/);
});

test("changed columns are named with the transactions that wrote them", () => {
  const layers = written(intent(), intent({ transaction: 9, state: "accepted" }));
  assert.deepEqual(explain(layers), [
    "This is the server's row with title as written here by transactions #7 and #9.",
    "#7 waits to be sent.",
    "#9 is accepted by the server and has not come back through the shape.",
  ]);
  const changed = columnsOf(layers).filter((column) => column.changed);
  assert.deepEqual(changed.map(({ name, synced, merged, by }) => ({ name, synced, merged, by })), [{ name: "title", synced: "old", merged: "new", by: [7, 9] }]);
});

test("what no write of the app's changed is not marked", () => {
  const layers = written(intent());
  const own = { ...layers, columns: [...columns, "write_id"], local: { ...layers.local, write_id: "w" }, merged: { ...layers.merged, write_id: "w" } };
  assert.deepEqual(columnsOf(own).filter(({ changed }) => changed).map(({ name }) => name), ["title"]);
});

test("inserted and deleted rows say that they are", () => {
  const inserted = written(intent({ operation: "insert", state: "sending", attempts: 2 }));
  assert.deepEqual(explain({ ...inserted, synced: undefined }), [
    "The row is from here: the server's has not come back yet. It was written by transaction #7.",
    "#7 is being sent, for the 2nd time.",
  ]);
  assert.ok(columnsOf({ ...inserted, synced: undefined }).every(({ changed }) => changed));
  const deleted = row({ local: server, merged: undefined, intents: [intent({ operation: "delete", value: {} })] });
  assert.equal(explain(deleted)[0], "The server's row is hidden: it was deleted here by transaction #7.");
  assert.deepEqual(columnsOf(deleted)[0], { name: "id", synced: 1, local: 1, merged: undefined, changed: true, by: [7] });
  assert.equal(explain({ ...deleted, synced: undefined })[0], "It was written and deleted here by transaction #7.");
});

test("what the server has already is told from what it lacks", () => {
  const here = { ...server, title: "new" };
  const layers = row({ synced: here, local: here, merged: here, intents: [intent({ state: "accepted" })] });
  assert.match(explain(layers)[0] ?? "", /holds what was written here by transaction #7, and the confirmation is still to come/);
});

test("failures and refusals say why", () => {
  const error = { code: "NETWORK", message: "no connection" };
  assert.deepEqual(explain(written(intent({ attempts: 3, error })))[1], "#7 waits to be sent again after 3 attempts: no connection");
  const refused = intent({ transaction: 8, state: "rejected", error: { code: "EMPTY", message: "It needs a title" } });
  assert.deepEqual(explain(row({ intents: [refused] })), [
    "This is the server's row; no write of it is on its way.",
    "#8, an update, was rejected and rolled back: It needs a title",
  ]);
});

test("a query plan is a tree, and whole scans stand out", () => {
  const [root, other] = planTree([
    [2, 0, 0, "COMPOUND QUERY"],
    [3, 2, 0, "LEFT-MOST SUBQUERY"],
    [6, 3, 0, "SCAN todos_synced"],
    [20, 2, 0, "SEARCH todos_local USING INDEX sqlite_autoindex_todos_local_1 (id=?)"],
    [40, 0, 0, "USE TEMP B-TREE FOR ORDER BY"],
  ]);
  const scan = { detail: "SCAN todos_synced", steps: [] };
  assert.deepEqual(root?.steps[0]?.steps, [scan]);
  assert.deepEqual([root?.steps.length, other?.detail], [2, "USE TEMP B-TREE FOR ORDER BY"]);
  const details = ["SCAN t USING COVERING INDEX i", "SCAN CONSTANT ROW", "SEARCH t USING INDEX i (a=?)"];
  assert.deepEqual([scan, ...details.map((detail) => ({ detail, steps: [] }))].map(isScan), [true, false, false, false]);
});

test("values are shown in a line", () => {
  assert.deepEqual(
    [null, undefined, true, 12n, "a", new Uint8Array([0xde, 0xad]), { a: [1] }].map((value) => show(value)),
    ["NULL", "NULL", "true", "12", "a", "x'dead' (2 B)", '{"a":[1]}'],
  );
  assert.equal(show("x".repeat(300)).length, 201);
  assert.deepEqual([same(null, undefined), same(1, "1"), same(1, 2), same(new Uint8Array([1]), new Uint8Array([1]))], [true, true, false, true]);
  assert.deepEqual([0, 1023, 1536, 5 * 1024 ** 3, null].map(bytes), ["0 B", "1023 B", "1.5 KB", "5.0 GB", "unknown"]);
  assert.deepEqual([0.05, 2.5, 250, 61_000, 3_700_000].map(span), ["0.05 ms", "2.5 ms", "250 ms", "1 min 1 s", "1 h 1 min"]);
});

test("an input gives back what it was given", () => {
  for (const value of ["text", "7", "", 7, true, null, { a: [1] }]) assert.deepEqual(fromInput(toInput(value), value), value);
  assert.equal(fromInput("12", "a title"), "12", "text stays text");
  assert.equal(fromInput("not JSON", 7), "not JSON", "for the database to refuse");
});

const opening = JSON.stringify({
  options: { name: "app", electric: { url: "/v1/shape", headers: { Authorization: "secret" } }, write: { url: "/w", headers: { Cookie: "secret" } } },
  connect: true,
  persistence: "opfs",
  now: 5,
  seed: "18446744073709551615",
  effects: ["measure storage"],
});

test("a trace file holds the database and the steps as they are, without headers", () => {
  const step = '{"now":6,"event":{"Request":[{},{"Execute":{"n":9223372036854775807}}]},"effects":[]}';
  const file = traceFile(new Uint8Array([0x53, 0x51]), [opening, step]);
  assert.ok(!file.includes("secret"));
  assert.ok(file.includes(step), "numbers that JavaScript does not have stay");
  const { version, database, steps } = JSON.parse(file);
  assert.deepEqual([version, database, steps.length, steps[0].seed], [1, "5351", 2, "18446744073709551615"]);
  assert.deepEqual(steps[0].options, { name: "app", electric: { url: "/v1/shape" }, write: { url: "/w" } });
});

test("steps are read for a list", () => {
  assert.deepEqual(readStep(0, opening), { number: 0, now: 5, kind: "Opening", about: "", effects: ["measure storage"] });
  assert.deepEqual(readStep(3, '{"now":6,"event":{"Timer":16},"effects":[]}'), { number: 3, now: 6, kind: "Timer", about: "16", effects: [] });
  assert.deepEqual(readStep(4, '{"now":6,"event":"Wake","effects":[]}').kind, "Wake");
  assert.equal(readStep(5, '{"now":6,"event":{"Request":[{"id":1},"Status"]},"effects":[]}').about, '"Status"');
});
