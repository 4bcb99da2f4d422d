// The package's API through a real worker: values, statements, transactions, live queries, errors.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage({}, async () => {
  page = await openApp(profile, server);
  await page.evaluate(async () => {
    globalThis.db = await app.openAlone();
    await db.execute("CREATE TABLE things (id INTEGER PRIMARY KEY, thing)");
  });
});

describe("values", () => {
  // Compared in the page: bigint and bytes do not survive the way to the test unchanged.
  const comesBackAs = (given, expected) =>
    page.evaluate(
      async ([given, expected]) => {
        const value = (code) => new Function(`return ${code}`)();
        const [{ thing }] = await db.query("SELECT ? AS thing", [value(given)]);
        const wanted = value(expected);
        const same = wanted instanceof Uint8Array ? thing instanceof Uint8Array && String(thing) === String(wanted) : Object.is(thing, wanted);
        return same ? "same" : `${typeof thing} ${String(thing)}`;
      },
      [given, expected],
    );

  for (const [given, expected] of [
    ["null", "null"],
    ["undefined", "null"],
    ["true", "1"],
    ["1.5", "1.5"],
    ["-7", "-7"],
    ["Number.MAX_SAFE_INTEGER", "Number.MAX_SAFE_INTEGER"],
    ["Infinity", "Infinity"],
    ["5n", "5"],
    ["2n ** 53n", "2n ** 53n"],
    ["2n ** 63n - 1n", "2n ** 63n - 1n"],
    ["-(2n ** 63n)", "-(2n ** 63n)"],
    ['"naïve 🚋"', '"naïve 🚋"'],
    ["Uint8Array.of(0, 255, 7)", "Uint8Array.of(0, 255, 7)"],
    ["Uint8Array.of(1, 2, 3, 4).subarray(1, 3)", "Uint8Array.of(2, 3)"],
    ["Uint8Array.of(9).buffer", "Uint8Array.of(9)"],
    ['new Date("2026-01-02T03:04:05.678Z")', '"2026-01-02 03:04:05.678+00"'],
  ]) {
    it(`${given} comes back as ${expected}`, async () => {
      assert.equal(await comesBackAs(given, expected), "same");
    });
  }

  it("a bool column of a synced table gives booleans", async () => {
    const rows = await page.evaluate(async () => {
      await db.execute("INSERT INTO todos (id, title, completed) VALUES ('00000000-0000-7000-8000-000000000001', 'x', ?)", [true]);
      return db.query("SELECT completed, created_at FROM todos");
    });
    assert.deepEqual(rows, [{ completed: true, created_at: null }]);
  });

  for (const given of ["NaN", "2n ** 63n", "new Date(NaN)", "{}", "[1]", "() => 1", 'Symbol("s")']) {
    it(`${given} is refused, by the position of the parameter`, async () => {
      const failure = await page.evaluate(
        (code) => app.failure(() => db.query("SELECT ?, ?", [1, new Function(`return ${code}`)()])),
        given,
      );
      assert.equal(failure.code, "ARGUMENT");
      assert.match(failure.message, /parameter 2/);
    });
  }
});

describe("statements", () => {
  it("a template's values become parameters, statements in it become text", async () => {
    const rows = await page.evaluate(() => {
      const { sql } = app;
      const nasty = "'); DROP TABLE things; --";
      const condition = sql`${sql.identifier("id")} IN (${sql.join([1, 2])})`;
      return db
        .batch([sql`INSERT INTO things (id, thing) VALUES (1, ${nasty})`, { sql: "INSERT INTO things VALUES (?, ?)", params: [2, null] }])
        .then(() => db.query(sql`SELECT id, thing FROM things WHERE ${condition} ORDER BY id`));
    });
    assert.deepEqual(rows, [{ id: 1, thing: "'); DROP TABLE things; --" }, { id: 2, thing: null }]);
  });

  it("execute tells rows affected, RETURNING rows, and the transaction only for synced tables", async () => {
    const [own, synced] = await page.evaluate(async () => [
      await db.execute("INSERT INTO things (id, thing) VALUES (10, 'a'), (11, 'b') RETURNING id"),
      await db.execute("UPDATE todos SET title = 'renamed'"),
    ]);
    assert.deepEqual(own, { rowsAffected: 2, transaction: null, rows: [{ id: 10 }, { id: 11 }] });
    assert.equal(synced.rowsAffected, 1);
    assert.match(synced.transaction, /^.+:\d+$/);
  });

  it("a batch happens as a whole or not at all", async () => {
    const [failure, rows] = await page.evaluate(async () => [
      await app.failure(() => db.batch(["INSERT INTO things (id) VALUES (20)", "INSERT INTO things (id) VALUES (20)"])),
      await db.query("SELECT id FROM things WHERE id = 20"),
    ]);
    assert.equal(failure.code, "CONSTRAINT");
    assert.deepEqual(rows, []);
  });

  for (const text of [
    "INSERT INTO todos_synced (id) VALUES ('00000000-0000-7000-8000-000000000009')",
    "DELETE FROM todos_local",
    "DELETE FROM _throughline_changes",
    "DROP VIEW todos",
    "ATTACH ':memory:' AS other",
  ]) {
    it(`${text} is forbidden`, async () => {
      const failure = await page.evaluate((sql) => app.failure(() => db.execute(sql)), text);
      assert.deepEqual({ code: failure.code, retryable: failure.retryable }, { code: "FORBIDDEN", retryable: false }, failure.message);
    });
  }

  it("errors are Error objects with a stable code and whether a retry helps", async () => {
    const failure = await page.evaluate(() => app.failure(() => db.query("SELECT * FROM nowhere")));
    assert.match(failure.message, /nowhere/);
    assert.deepEqual({ ...failure, message: "" }, { isError: true, name: "ThroughlineError", code: "SQL", retryable: false, message: "" });
  });

  it("the same SELECT * as before sees a column that was added since", async () => {
    const rows = await page.evaluate(async () => {
      await db.execute("CREATE TABLE growing (a)");
      await db.execute("INSERT INTO growing VALUES (1)");
      const before = await db.query("SELECT * FROM growing");
      await db.execute("ALTER TABLE growing ADD COLUMN b DEFAULT 2");
      return [before, await db.query("SELECT * FROM growing")];
    });
    assert.deepEqual(rows, [[{ a: 1 }], [{ a: 1, b: 2 }]]);
  });

  it("query does not write", async () => {
    const failure = await page.evaluate(() => app.failure(() => db.query("DELETE FROM things")));
    assert.equal(failure.code, "ARGUMENT");
    assert.ok((await page.evaluate(() => db.query("SELECT count(*) AS n FROM things")))[0].n > 0);
  });
});

describe("transactions", () => {
  it("commits what the callback did, as one local transaction with its meta", async () => {
    const [result, pending] = await page.evaluate(async () => {
      const result = await db.transaction(
        async (tx) => {
          const [{ title }] = await tx.query("SELECT title FROM todos");
          await tx.execute(tx.sql`UPDATE todos SET title = ${`${title} twice`}`);
          await tx.execute("UPDATE todos SET completed = ?", [false]);
          return title;
        },
        { meta: { label: "twice" } },
      );
      return [result, await db.pending()];
    });
    const last = pending.at(-1);
    assert.equal(result, "renamed");
    assert.deepEqual(last.meta, { label: "twice" });
    assert.equal(last.state, "queued");
    assert.deepEqual(last.changes.map(({ operation, value }) => [operation, value]), [
      ["update", { title: "renamed twice" }],
      ["update", { completed: false }],
    ]);
  });

  it("rolls back when the callback throws, and rejects with its error", async () => {
    const [thrown, rows] = await page.evaluate(async () => [
      await db
        .transaction(async (tx) => {
          await tx.execute("INSERT INTO things (id) VALUES (30)");
          throw new RangeError("changed my mind");
        })
        .catch((error) => `${error.name}: ${error.message}`),
      await db.query("SELECT id FROM things WHERE id = 30"),
    ]);
    assert.equal(thrown, "RangeError: changed my mind");
    assert.deepEqual(rows, []);
  });

  it("is over when the callback has ended", async () => {
    const failure = await page.evaluate(async () => {
      let kept;
      await db.transaction((tx) => void (kept = tx));
      return app.failure(() => kept.query("SELECT 1"));
    });
    assert.equal(failure.code, "TRANSACTION_CLOSED");
    assert.equal(failure.retryable, false);
  });

  it("keeps other calls waiting until it is over", async () => {
    const order = await page.evaluate(async () => {
      const order = [];
      let outside;
      await db.transaction(async (tx) => {
        outside = db.query("SELECT count(*) AS n FROM things WHERE id = 40").then(([{ n }]) => order.push(`outside sees ${n}`));
        await tx.execute("INSERT INTO things (id) VALUES (40)");
        order.push("inside");
      });
      await outside;
      return order;
    });
    assert.deepEqual(order, ["inside", "outside sees 1"]);
  });
});

describe("live queries", () => {
  it("tell what changed; rows that did not are the same objects", async () => {
    const told = await page.evaluate(async () => {
      await db.execute("CREATE TABLE lines (id INTEGER PRIMARY KEY, text TEXT)");
      await db.execute("INSERT INTO lines VALUES (1, 'one'), (2, 'two'), (3, 'three')");
      const results = db.live("SELECT * FROM lines ORDER BY id", [], { key: "id" })[Symbol.asyncIterator]();
      const first = (await results.next()).value;
      await db.batch(["UPDATE lines SET text = 'TWO' WHERE id = 2", "DELETE FROM lines WHERE id = 3", "INSERT INTO lines VALUES (4, 'four')"]);
      const second = (await results.next()).value;
      await results.return();
      return { first: first.changes, second: second.changes, kept: first.rows[0] === second.rows[0], rows: second.rows };
    });
    assert.deepEqual(told, {
      first: { inserted: [{ id: 1, text: "one" }, { id: 2, text: "two" }, { id: 3, text: "three" }], updated: [], deleted: [] },
      second: { inserted: [{ id: 4, text: "four" }], updated: [{ id: 2, text: "TWO" }], deleted: [{ id: 3, text: "three" }] },
      kept: true,
      rows: [{ id: 1, text: "one" }, { id: 2, text: "TWO" }, { id: 4, text: "four" }],
    });
  });

  it("serve two subscribers, and go on for one when the other leaves", async () => {
    const told = await page.evaluate(async () => {
      const live = db.live("SELECT count(*) AS n FROM lines");
      const heard = { ada: [], ben: [] };
      const hears = (name, wanted) =>
        new Promise((resolve) => {
          const stop = live.subscribe(({ rows: [{ n }] }) => {
            heard[name].push(n);
            if (n === wanted) resolve(stop);
          });
        });
      const [leave] = await Promise.all([hears("ada", 3), hears("ben", 3)]);
      leave();
      const four = app.result(live, ({ rows: [{ n }] }) => n === 4);
      await db.execute("INSERT INTO lines VALUES (5, 'five')");
      await four;
      return heard;
    });
    assert.deepEqual(told, { ada: [3], ben: [3, 4] });
  });

  it("fail for their subscriber alone when the SQL is wrong", async () => {
    const code = await page.evaluate(
      () => new Promise((resolve) => db.live("SELECT * FROM nowhere").subscribe(() => resolve("rows"), (error) => resolve(error.code))),
    );
    assert.equal(code, "SQL");
  });

  it("end with the database", async () => {
    const ended = await page.evaluate(async () => {
      const other = await app.openAlone({ name: "other" });
      const results = other.live("SELECT 1 AS one")[Symbol.asyncIterator]();
      await results.next();
      const next = results.next();
      await other.close();
      return [(await next).done, (await app.failure(() => other.query("SELECT 1"))).code];
    });
    assert.deepEqual(ended, [true, "CLOSED"]);
  });
});

describe("parsers", () => {
  it("make of each value what the app wants, wherever rows come from, and keep the rows of a live query", async () => {
    const told = await page.evaluate(async () => {
      const parsed = await app.openAlone({
        name: "parsed",
        tables: { todos: { columns: { id: "bigint", at: "timestamptz", meta: "jsonb", tags: "text[]" }, primaryKey: ["id"] } },
        parsers: { timestamptz: app.toDate, int8: BigInt, jsonb: JSON.parse, "todos.tags": (text) => new Set(JSON.parse(text)) },
      });
      const plain = ({ id, at, meta, tags }) => [typeof id, String(id), at?.toISOString() ?? at, meta, tags && [...tags]];
      const at = new Date("2026-01-02T03:04:05.678Z");
      const insert = "INSERT INTO todos (id, at, meta, tags) VALUES (?, ?, ?, ?) RETURNING *";
      const { rows: returned } = await parsed.execute(insert, [1, at, '{"a":[1]}', '["x","y"]']);
      const results = parsed.live("SELECT t.*, count(*) OVER () AS n FROM todos t ORDER BY id LIMIT 1", [], { key: "id" })[Symbol.asyncIterator]();
      const first = (await results.next()).value.rows[0];
      const list = parsed.live("SELECT * FROM todos ORDER BY id", [], { key: "id" })[Symbol.asyncIterator]();
      const before = (await list.next()).value.rows;
      await parsed.execute(insert, [2n ** 60n, null, null, null]);
      const after = (await list.next()).value.rows;
      const inside = await parsed.transaction((tx) => tx.query("SELECT * FROM (SELECT * FROM todos) WHERE id = 1"));
      const computed = await parsed.query("SELECT max(at) AS at FROM todos");
      await parsed.execute("UPDATE todos SET meta = '{}' WHERE id = 1");
      const again = (await list.next()).value;
      const failing = await app.openAlone({ name: "failing", parsers: { text: () => { throw new Error("not today"); } } });
      await failing.execute("INSERT INTO todos (id, title) VALUES ('00000000-0000-7000-8000-000000000001', 'x')");
      const failure = await app.failure(() => failing.query("SELECT title FROM todos"));
      return {
        returned: returned.map(plain),
        live: [plain(first), first.n],
        after: after.map(plain),
        kept: [before[0] === after[0], again.rows[1] === after[1]],
        updated: again.changes.updated.map(({ meta }) => meta),
        inside: inside.map(plain),
        computed,
        failure: failure.code,
      };
    });
    const one = ["bigint", "1", "2026-01-02T03:04:05.678Z", { a: [1] }, ["x", "y"]];
    assert.deepEqual(told, {
      returned: [one],
      live: [one, 1],
      after: [one, ["bigint", String(2n ** 60n), null, null, null]],
      kept: [true, true],
      updated: [{}],
      inside: [one],
      computed: [{ at: "2026-01-02 03:04:05.678+00" }],
      failure: "PARSER",
    });
  });
});

describe("waiting", () => {
  it("ends with the reason of the signal", async () => {
    const [before, during] = await page.evaluate(async () => {
      const gone = await db.query("SELECT 1", [], { signal: AbortSignal.abort(new Error("gone")) }).catch((error) => error.message);
      const controller = new AbortController();
      let waiting;
      await db.transaction(async () => {
        // Waits for this very transaction, until told not to.
        waiting = db.query("SELECT 1", [], { signal: controller.signal }).catch((error) => error.message);
        controller.abort(new Error("no longer wanted"));
        await waiting;
      });
      return [gone, await waiting];
    });
    assert.equal(before, "gone");
    assert.equal(during, "no longer wanted");
  });
});
