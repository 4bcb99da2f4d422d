import assert from "node:assert/strict";
import { test } from "node:test";
import type { LiveResult, Row, SqlInput } from "../../src/js/index.js";
import type { WireRequest } from "../../src/js/messages.js";
import { quiet, wasmError, withDatabase, type WorkerDouble } from "./worker_double.js";
import type { FlatLive } from "./wire.js";

const first: FlatLive = { type: "live", subscription: 1, columns: ["id", "title"], values: ["a", "A", "b", "B"], steps: [2, 2] };
const second: FlatLive = { ...first, values: ["b", "B2", "c", "C"], steps: [0, 0, 1, 1, 1, 2, 1] };
const third: FlatLive = { ...first, values: [], steps: [0, 1, 2] };

const subscriptions = (worker: WorkerDouble) =>
  worker.requests.filter(({ type }) => type === "live" || type === "unsubscribe").map((r) => `${r.type} ${"subscription" in r ? r.subscription : ""}`);
const ids = (rows: readonly Row[]) => rows.map((row) => row.id).join("");

test("subscribers share one subscription, which ends with the last of them", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos WHERE list = ?", ["inbox"], { key: "id" });
    assert.equal(live.rows, undefined);
    const heard: string[] = [];
    const stopOne = live.subscribe(({ rows }) => heard.push(`one ${ids(rows)}`));
    const stopTwo = live.subscribe(({ rows }) => heard.push(`two ${ids(rows)}`));
    await db.status();
    assert.deepEqual(worker.requests[0], { type: "live", subscription: 1, sql: "SELECT * FROM todos WHERE list = ?", params: ["inbox"], key: ["id"] });
    worker.notify(first);
    await db.status();
    stopOne();
    worker.notify(second);
    await db.status();
    stopTwo();
    stopTwo();
    worker.notify(third);
    await db.status();
    assert.deepEqual(heard, ["one ab", "two ab", "two abc"]);
    assert.deepEqual(subscriptions(worker), ["live 1", "unsubscribe 1"]);
  });
});

test("live queries that ask for the same share one subscription and its rows, whoever made them", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const query = (param: SqlInput, key = "id") => db.live("SELECT * FROM todos WHERE list = ?", [param], { key });
    const heard: (readonly Row[])[] = [];
    const stops = Array.from({ length: 50 }, () => query("1").subscribe(({ rows }) => heard.push(rows)));
    const others = [query(1), query(1n), query(null), query("1", "title"), query(new Date(5)), query(new Date(6))];
    others.forEach((other) => other.subscribe(() => assert.fail("it asks for something else")));
    await db.status();
    worker.notify(first);
    await db.status();
    assert.equal(heard.length, 50);
    assert.deepEqual([...new Set(heard)].length, 1);
    assert.deepEqual(worker.notices, [{ type: "took", subscription: 1 }]);
    for (const stop of stops) stop();
    query("1").subscribe(() => {});
    await db.status();
    assert.deepEqual(subscriptions(worker), ["live 1", "live 2", "live 3", "live 4", "live 5", "live 6", "live 7", "unsubscribe 1", "live 8"]);
  });
});

test("a subscriber that starts a failed query anew in the midst of the failure keeps what it started", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos");
    const heard: string[] = [];
    const stop = live.subscribe(() => {}, () => {
      live.subscribe(({ rows }) => heard.push(ids(rows)));
      stop();
    });
    await db.status();
    worker.notify({ type: "liveFailed", subscription: 1, error: { code: "SQL", message: "gone", retryable: false } });
    await db.status();
    worker.notify({ ...first, subscription: 2 });
    await db.status();
    db.live("SELECT * FROM todos").subscribe(({ rows }) => heard.push(ids(rows)));
    await db.status();
    assert.deepEqual(heard, ["ab", "ab"]);
    assert.deepEqual(subscriptions(worker), ["live 1", "live 2"]);
  });
});

test("changes are told, rows that did not change stay the same objects", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos", [], { key: ["id"] });
    const results: LiveResult[] = [];
    live.subscribe((result) => results.push(result));
    await db.status();
    worker.notify(first);
    worker.notify(second);
    worker.notify(third);
    await db.status();
    const [one, two, three] = results as [LiveResult, LiveResult, LiveResult];
    assert.deepEqual(one.changes, { inserted: one.rows, updated: [], deleted: [] });
    assert.equal(two.rows[0], one.rows[0]);
    assert.deepEqual(two.changes, { inserted: [{ id: "c", title: "C" }], updated: [{ id: "b", title: "B2" }], deleted: [] });
    assert.equal(two.rows[1], two.changes.updated[0]);
    assert.deepEqual(three.changes, { inserted: [], updated: [], deleted: [one.rows[0]] });
    assert.equal(live.rows, three.rows);
  });
});

test("who comes later gets the result at hand, all of it as inserted", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos");
    live.subscribe(() => {});
    await db.status();
    worker.notify(first);
    await db.status();
    const late: LiveResult[] = [];
    live.subscribe((result) => late.push(result));
    live.subscribe(() => assert.fail("left before it was told"))();
    await db.status();
    assert.deepEqual(late, [{ rows: live.rows, changes: { inserted: live.rows, updated: [], deleted: [] } }]);
  });
});

test("subscribing again starts anew, with the old rows at hand until the first result", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos");
    live.subscribe(() => {})();
    const stop = live.subscribe(() => {});
    await db.status();
    worker.notify({ ...first, subscription: 2 });
    await db.status();
    stop();
    const heard: string[] = [];
    live.subscribe(({ rows }) => heard.push(ids(rows)));
    assert.equal(ids(live.rows ?? []), "ab");
    await db.status();
    worker.notify({ ...first, subscription: 3, values: ["z", "Z"], steps: [2, 1] });
    await db.status();
    assert.deepEqual(heard, ["z"]);
    assert.deepEqual(subscriptions(worker), ["live 1", "unsubscribe 1", "live 2", "unsubscribe 2", "live 3"]);
  });
});

test("a query that is refused, fails later or sends nonsense tells its subscribers, and can be tried again", async () => {
  let refuse = true;
  const script = (request: WireRequest) => {
    if (request.type === "live" && refuse) throw wasmError("SQL", "no such table: todo");
    return quiet(request);
  };
  await withDatabase(script, async (db, worker) => {
    const live = db.live("SELECT * FROM todo");
    const errors: string[] = [];
    const onError = (error: { code: string }) => void errors.push(error.code);
    live.subscribe(() => {}, onError);
    await db.status();
    assert.equal(live.error?.message, "no such table: todo");

    refuse = false;
    live.subscribe(() => {}, onError);
    assert.equal(live.error, undefined);
    await db.status();
    worker.notify({ type: "liveFailed", subscription: 2, error: { code: "SQL", message: "gone", retryable: false } });
    await db.status();

    live.subscribe(() => {}, onError);
    await db.status();
    worker.notify({ ...first, subscription: 3, steps: [0, 5, 1] });
    await db.status();
    assert.deepEqual(errors, ["SQL", "SQL", "INTERNAL"]);
    assert.deepEqual(subscriptions(worker), ["live 1", "live 2", "live 3", "unsubscribe 3"]);
  });
});

test("iterating gives a slow reader the latest, with everything that changed in between", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos", [], { key: "id" });
    const seen: LiveResult[] = [];
    let turn = 0;
    const feed = async () => {
      await db.status();
      worker.notify(first);
    };
    void feed();
    for await (const result of live) {
      seen.push(result);
      if (++turn === 2) break;
      worker.notify(second);
      worker.notify(third);
      await db.status();
    }
    assert.deepEqual(seen.map(({ rows }) => ids(rows)), ["ab", "bc"]);
    assert.deepEqual(seen[1]?.changes, {
      inserted: [{ id: "c", title: "C" }],
      updated: [{ id: "b", title: "B2" }],
      deleted: [{ id: "a", title: "A" }],
    });
    await db.status();
    assert.deepEqual(subscriptions(worker), ["live 1", "unsubscribe 1"]);
  });
});

test("an iterator that waits ends when it is returned, when the database closes, and throws on failure", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const live = db.live("SELECT * FROM todos");
    const returned = live[Symbol.asyncIterator]();
    const waiting = returned.next();
    await returned.return?.();
    assert.deepEqual(await waiting, { done: true, value: undefined });
    assert.deepEqual(await returned.next(), { done: true, value: undefined });

    const failed = live[Symbol.asyncIterator]();
    const failing = failed.next();
    await db.status();
    worker.notify({ type: "liveFailed", subscription: 2, error: { code: "SQL", message: "gone", retryable: false } });
    await assert.rejects(failing, { code: "SQL" });
    assert.equal((await failed.next()).done, true);

    const closed = live[Symbol.asyncIterator]().next();
    await db.close();
    assert.equal((await closed).done, true);
  });
});
