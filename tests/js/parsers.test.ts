import assert from "node:assert/strict";
import { test } from "node:test";
import { open, toDate, type LiveResult, type Parsers, type ThroughlineError } from "../../src/js/index.js";
import { installWorker, quiet, todos, withDatabase, type Script } from "./worker_double.js";
import type { FlatLive, FlatRows } from "./wire.js";

/** `at` shows todos.created_at, `n` is computed, `big` shows todos.big, `meta` shows todos.meta. */
const typed: FlatRows = {
  columns: ["at", "n", "big", "meta"],
  origins: ["todos.created_at", "", "todos.big", "todos.meta"],
  types: ["timestamptz", "", "int8", "jsonb"],
  values: ["2026-01-02 03:04:05.6+00", 3, 7, '{"a": 1}', null, null, null, null],
};

const withParsers = (parsers: Parsers, script: Script, body: Parameters<typeof withDatabase>[1]) => withDatabase(script, body, { parsers });
const answering =
  (rows: FlatRows): Script =>
  (request) => {
    switch (request.type) {
      case "query":
        return rows;
      case "execute":
        return { rowsAffected: 1, transaction: "c:1", ...rows };
      case "batch":
        return request.statements.map(() => ({ rowsAffected: 1, transaction: "c:1", ...rows }));
      default:
        return quiet(request);
    }
  };

test("a parser goes by the type of the column, the column's own wins, and NULL reaches none", async () => {
  const parsers: Parsers = { timestamptz: toDate, int8: BigInt, jsonb: () => assert.fail("the column has its own"), "todos.meta": JSON.parse };
  await withParsers(parsers, answering(typed), async (db, worker) => {
    const expected = [
      { at: new Date("2026-01-02T03:04:05.600Z"), n: 3, big: 7n, meta: { a: 1 } },
      { at: null, n: null, big: null, meta: null },
    ];
    assert.deepEqual(await db.query("SELECT 1"), expected);
    assert.deepEqual(await db.query(db.sql`SELECT ${1}`), expected);
    assert.deepEqual((await db.execute("SELECT 1")).rows, expected);
    assert.deepEqual((await db.batch(["SELECT 1"])).map(({ rows }) => rows), [expected]);
    await db.transaction(async (tx) => {
      assert.deepEqual(await tx.query("SELECT 1"), expected);
      assert.deepEqual((await tx.execute("SELECT 1")).rows, expected);
    });
    const statements = worker.requests.flatMap((request) => (request.type === "batch" ? request.statements : "sql" in request ? [request] : []));
    assert.deepEqual(statements.map(({ typed }) => typed), [true, true, true, true, true, true]);
  });
});

test("without parsers nobody asks for types, and values are what they were", async () => {
  await withDatabase(answering({ columns: ["at"], values: ["2026-01-02 03:04:05+00"] }), async (db, worker) => {
    assert.deepEqual(await db.query("SELECT 1"), [{ at: "2026-01-02 03:04:05+00" }]);
    assert.deepEqual(worker.requests, [{ type: "query", sql: "SELECT 1", params: [] }]);
  });
});

test("a type called like a property of every object has no parser", async () => {
  const rows: FlatRows = { columns: ["a"], origins: ["t.a"], types: ["constructor"], values: ["x"] };
  await withParsers({ int8: BigInt }, answering(rows), async (db) => {
    assert.deepEqual(await db.query("SELECT 1"), [{ a: "x" }]);
  });
});

test("trap 39: the app's parse of jsonb is its own, the rest of the row keeps the server's text", async () => {
  const text = '{"big": 12345678901234567890}';
  const rows: FlatRows = { ...typed, values: [null, text, null, text] };
  await withParsers({ jsonb: (json) => BigInt(/\d+/.exec(json)?.[0] ?? 0) }, answering(rows), async (db) => {
    assert.deepEqual(await db.query("SELECT 1"), [{ at: null, n: text, big: null, meta: 12345678901234567890n }]);
  });
});

test("an error of a parser rejects with a code, the column and its cause", async () => {
  const cause = new SyntaxError("no such thing");
  const failing: Parsers = {
    jsonb() {
      throw cause;
    },
  };
  const expected = (error: ThroughlineError) => {
    assert.equal(error.code, "PARSER");
    assert.equal(error.retryable, false);
    assert.match(error.message, /"meta" \(todos\.meta, jsonb\).*no such thing/);
    assert.equal(error.cause, cause);
    return true;
  };
  await withParsers(failing, answering(typed), async (db, worker) => {
    await assert.rejects(db.query("SELECT 1"), expected);
    await assert.rejects(db.execute("SELECT 1"), expected);
    await assert.rejects(db.transaction((tx) => tx.query("SELECT 1")), expected);
    assert.equal(worker.requests.at(-1)?.type, "rollback");
  });
});

test("a live query is told its types once, and rows that did not change stay the same objects", async () => {
  const first: FlatLive = {
    type: "live",
    subscription: 1,
    columns: ["id", "at"],
    origins: ["todos.id", "todos.created_at"],
    types: ["uuid", "timestamptz"],
    values: ["a", "2026-01-02 03:04:05+00", "b", "2026-01-03 03:04:05+00"],
    steps: [2, 2],
  };
  const { origins: _, types: __, ...untyped } = first;
  const second: FlatLive = { ...untyped, values: ["b", "2026-01-04 03:04:05+00"], steps: [0, 0, 1, 1, 1] };
  const third: FlatLive = { ...first, types: ["uuid", "text"], values: ["a", "soon", "b", "late"], steps: [1, 0, 1, 1] };
  let parsed = 0;
  const count = (text: string) => {
    parsed++;
    return toDate(text);
  };
  await withParsers({ timestamptz: count }, quiet, async (db, worker) => {
    const results: LiveResult[] = [];
    db.live("SELECT * FROM todos", [], { key: "id" }).subscribe((result) => results.push(result));
    await db.status();
    for (const told of [first, second, third]) worker.notify(told);
    await db.status();
    const [one, two, three] = results as [LiveResult, LiveResult, LiveResult];
    assert.deepEqual(one.rows, [
      { id: "a", at: new Date("2026-01-02T03:04:05Z") },
      { id: "b", at: new Date("2026-01-03T03:04:05Z") },
    ]);
    assert.equal(two.rows[0], one.rows[0]);
    assert.deepEqual(two.changes.updated, [{ id: "b", at: new Date("2026-01-04T03:04:05Z") }]);
    assert.deepEqual(three.rows, [
      { id: "a", at: "soon" },
      { id: "b", at: "late" },
    ]);
    assert.equal(parsed, 3);
    assert.equal(worker.requests[0]?.type === "live" && worker.requests[0].typed, true);
  });
});

test("an error of a parser ends a live query, which can be subscribed anew", async () => {
  const live: FlatLive = { type: "live", subscription: 1, ...typed, steps: [2, 2] };
  const failing: Parsers = {
    int8() {
      throw new Error("too big for me");
    },
  };
  await withParsers(failing, quiet, async (db, worker) => {
    const query = db.live("SELECT 1");
    const errors: string[] = [];
    query.subscribe(
      () => assert.fail("there is no result"),
      ({ code }) => errors.push(code),
    );
    await db.status();
    worker.notify(live);
    await db.status();
    assert.deepEqual(errors, ["PARSER"]);
    assert.equal(query.error?.code, "PARSER");
    query.subscribe(() => {})();
    await db.status();
    assert.deepEqual(worker.requests.filter(({ type }) => type !== "status").map(({ type }) => type), ["live", "unsubscribe", "live", "unsubscribe"]);
  });
});

test("a parser that is no function is refused at once", async () => {
  installWorker(quiet);
  const wrong = { timestamptz: "Date" } as unknown as Parsers;
  await assert.rejects(open({ ...todos, parsers: wrong }), { code: "ARGUMENT", message: /"timestamptz"/ });
  await assert.rejects(open({ ...todos, parsers: 5 as unknown as Parsers }), { code: "ARGUMENT" });
});

test("trap 38: toDate reads the server's spellings, which are not RFC 3339", () => {
  const cases: [text: string, iso: string][] = [
    ["2026-01-02 03:04:05.678901+00", "2026-01-02T03:04:05.678Z"],
    ["2026-01-02 03:04:05.6+00", "2026-01-02T03:04:05.600Z"],
    ["2026-01-02 03:04:05", "2026-01-02T03:04:05.000Z"],
    ["2026-01-02", "2026-01-02T00:00:00.000Z"],
    ["0001-12-31 23:00:00+00 BC", "0000-12-31T23:00:00.000Z"],
    ["0044-03-15 BC", "-000043-03-15T00:00:00.000Z"],
    ["0099-01-02", "0099-01-02T00:00:00.000Z"],
    ["12345-01-02 03:04:05+00", "+012345-01-02T03:04:05.000Z"],
    // What an app proposed, as RETURNING gives it.
    ["2026-01-02T03:04:05.6+02:00", "2026-01-02T01:04:05.600Z"],
  ];
  for (const [text, iso] of cases) assert.equal(toDate(text).toISOString(), iso, text);
  for (const none of ["infinity", "-infinity", "294276-12-31 23:59:59.999999+00"]) assert.equal(toDate(none).getTime(), NaN, none);
  for (const other of ["", "soon", "P1D"]) assert.throws(() => toDate(other), RangeError, other);
});
