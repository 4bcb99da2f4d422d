import assert from "node:assert/strict";
import { test } from "node:test";
import { open, ThroughlineError, type OpenOptions } from "../../src/js/index.js";
import type { WorkerDouble } from "./worker_double.js";
import { installWorker, quiet, todos, wasmError, withDatabase } from "./worker_double.js";

test("URLs are resolved in the page, and the tables cross as declared", async () => {
  Object.assign(globalThis, { location: { href: "https://app.test/notes/" } });
  const started = installWorker(quiet);
  const tables: OpenOptions["tables"] = { todos: { columns: { id: "uuid" }, indexes: ["created_at", ["list", "title"]], references: [{ columns: ["list"], table: "lists" }] } };
  const db = await open({ name: "app", electric: { url: "/v1/shape", params: { team: "7" } }, write: { url: "changes", confirmBy: "ledger", ledger: "seen", onRejection: "row" }, tables });
  const worker = started[0] as WorkerDouble;
  const { session, persist, ...options } = worker.options ?? {};
  assert.match(String(session), /^[0-9a-f]{32}$/);
  assert.deepEqual(options, {
    name: "app",
    electric: { url: "https://app.test/v1/shape", params: { team: "7" } },
    write: { url: "https://app.test/notes/changes", confirmBy: "ledger", ledger: "seen", onRejection: "row" },
    tables,
    visible: true,
    seen: undefined,
    term: undefined,
  });
  assert.match(worker.url, /\/worker\.js$/);
  await db.close();
  assert.equal(worker.terminated, true);
});

test("headers as a function are asked of the page each time, and its errors reach the worker", async () => {
  let token = 0;
  const asked: unknown[] = [];
  const started = installWorker(async () => {
    asked.push(await askedFor(started[0], "electric", "headers").catch((error: unknown) => error));
    return { columns: [], values: [] };
  });
  const db = await open({
    ...todos,
    electric: {
      url: "https://app.test/v1/shape",
      headers: async () => {
        if (++token > 2) throw new Error("signed out");
        return { Authorization: `Bearer ${token}` };
      },
    },
    write: { url: "https://app.test/changes", headers: { "X-App": "1" } },
  });
  assert.deepEqual(started[0]?.options?.write?.headers, { "x-app": "1" });
  await db.query("SELECT 1");
  await db.query("SELECT 1");
  await db.query("SELECT 1");
  assert.deepEqual(asked.slice(0, 2), [{ authorization: "Bearer 1" }, { authorization: "Bearer 2" }]);
  assert.match((asked[2] as Error).message, /signed out/);
  await db.close();
});

test("functions for single headers and params are asked of the page, plain params cross", async () => {
  const started = installWorker(quiet);
  let token = 0;
  const db = await open({
    ...todos,
    electric: {
      url: "https://app.test/v1/shape",
      headers: { "X-App": "1", Authorization: async () => `Bearer ${++token}`, "X-Trace": () => undefined },
      params: { team: "7", token: () => `t${++token}`, absent: undefined },
    },
    write: { url: "https://app.test/changes", headers: () => new Headers({ "X-Write": "1" }) },
  });
  const [worker] = started;
  assert.deepEqual(await askedFor(worker, "electric", "headers"), { "x-app": "1", authorization: "Bearer 1" });
  assert.equal(await askedFor(worker, "electric", "params", "token"), "t2");
  assert.equal(await askedFor(worker, "electric", "params", "token"), "t3");
  assert.deepEqual(await askedFor(worker, "write", "headers"), { "x-write": "1" });
  assert.deepEqual(JSON.parse(JSON.stringify(worker?.options?.electric)), { url: "https://app.test/v1/shape", params: { team: "7" } });
  await db.close();
});

test("all params may come of one function; one that answers with what cannot cross fails, and is asked again", async () => {
  const started = installWorker(quiet);
  const answers: unknown[] = [{ token: () => "a function" }, { token: "t" }];
  const params = () => answers.shift() as Record<string, string>;
  const db = await open({ ...todos, electric: { url: "https://app.test/v1/shape", params } });
  await assert.rejects(askedFor(started[0], "electric", "params"), { code: "ARGUMENT" });
  assert.deepEqual(await askedFor(started[0], "electric", "params"), { token: "t" });
  await db.close();
});

/** What the wasm module gets when it asks for something in the options before a request. */
async function askedFor(worker: WorkerDouble | undefined, ...path: string[]): Promise<unknown> {
  const found = path.reduce<any>((at, name) => at[name], worker?.options);
  assert.equal(typeof found, "function", path.join("."));
  return found();
}

test("what cannot cross is an argument error before a worker starts or a message goes", async () => {
  const started = installWorker(quiet);
  const bad: [Partial<OpenOptions>, RegExp][] = [
    [{ name: "" }, /name/],
    [{ tables: undefined as unknown as OpenOptions["tables"] }, /tables/],
    [{ electric: { url: "http://" } }, /electric\.url/],
    [{ write: { url: "https://app.test/", headers: { "no spaces allowed": "1" } } }, /write\.headers/],
  ];
  for (const [part, message] of bad) await assert.rejects(open({ ...todos, ...part }), { code: "ARGUMENT", message });
  assert.equal(started.length, 0);

  const withFunction = { todos: { shape: { where: () => "x" } } } as unknown as OpenOptions["tables"];
  await assert.rejects(open({ ...todos, tables: withFunction }), { code: "ARGUMENT" });
  assert.equal(started[0]?.terminated, true);
});

test("an error of the database is an error object again, and its worker ends", async () => {
  const started = installWorker(quiet, {
    open: async () => {
      throw wasmError("DATABASE_IN_USE", 'database "app" is open in another tab', true);
    },
  });
  const error = await open(todos).catch((thrown: unknown) => thrown);
  assert.ok(error instanceof ThroughlineError && error instanceof Error);
  assert.deepEqual([error.code, error.retryable, error.message], ["DATABASE_IN_USE", true, 'database "app" is open in another tab']);
  assert.equal(started[0]?.terminated, true);
});

test("wasm that cannot be loaded is the worker's failure", async () => {
  installWorker(quiet, { init: async () => Promise.reject(new TypeError("404")) });
  await assert.rejects(open(todos), { code: "WORKER", message: /404/ });
});

test("opening can be given up", async () => {
  const started = installWorker(quiet, { open: () => new Promise(() => {}) });
  const control = new AbortController();
  const opening = open(todos, { signal: control.signal });
  control.abort(new Error("changed my mind"));
  await assert.rejects(opening, { message: "changed my mind" });
  assert.equal(started[0]?.terminated, true);
  await assert.rejects(open(todos, { signal: AbortSignal.abort() }), { name: "AbortError" });
  assert.equal(started.length, 1);
});

test("without workers open says so", async () => {
  Object.assign(globalThis, { Worker: undefined });
  await assert.rejects(open(todos), { code: "WORKER", message: "open() runs in a browser, and here is no Worker" });
});

test("after close every call is refused, and closing again is fine", async () => {
  await withDatabase(quiet, async (db, worker) => {
    const closing = db.close();
    assert.equal(db.close(), closing);
    await closing;
    await assert.rejects(db.query("SELECT 1"), { code: "CLOSED" });
    await assert.rejects(db.status(), { code: "CLOSED" });
    assert.deepEqual(worker.requests.map((request) => request.type), ["close"]);
  });
});

test("wiping closes as well, but a wipe that failed can be tried again", async () => {
  let attempts = 0;
  const script = () => {
    if (++attempts === 1) throw wasmError("STORAGE", "storage: busy");
    return null;
  };
  await withDatabase(script, async (db, worker) => {
    db.on("closed", () => assert.fail("whoever wiped it knows"));
    await assert.rejects(db.wipe(), { code: "STORAGE" });
    await db.wipe();
    assert.equal(worker.terminated, true);
    await assert.rejects(db.pending(), { code: "CLOSED" });
  });
});
