// What the page does when the browser freezes it, caches it, hides it or throws it away.

import assert from "node:assert/strict";
import { test } from "node:test";
import { open, type Database } from "../../src/js/index.js";
import type { AnyTables } from "../../src/js/options.js";
import { installWorker, quiet, todos, wasmError, type WorkerDouble } from "./worker_double.js";

/** A browser's page around an open database. */
async function inPage(body: (page: FakePage, db: Database<AnyTables>, started: WorkerDouble[]) => Promise<void>, script = quiet) {
  const { addEventListener, removeEventListener } = globalThis;
  const page = new FakePage();
  Object.assign(globalThis, {
    document: page.document,
    addEventListener: page.window.addEventListener.bind(page.window),
    removeEventListener: page.window.removeEventListener.bind(page.window),
  });
  const started = installWorker(script);
  const db = await open(todos);
  try {
    await body(page, db, started);
  } finally {
    await db.close();
    Object.assign(globalThis, { document: undefined, addEventListener, removeEventListener });
  }
}

class FakePage {
  readonly window = new EventTarget();
  readonly document = Object.assign(new EventTarget(), { visibilityState: "visible", baseURI: "https://app.test/" });

  /** As the browser tells of the back/forward cache. */
  transition(type: "pagehide" | "pageshow", persisted: boolean) {
    this.window.dispatchEvent(Object.assign(new Event(type), { persisted }));
  }

  show(visibilityState: "visible" | "hidden") {
    this.document.visibilityState = visibilityState;
    this.document.dispatchEvent(new Event("visibilitychange"));
  }

  lifecycle(type: "freeze" | "resume") {
    this.document.dispatchEvent(new Event(type));
  }
}

test("a frozen page has no worker; when it is back, one that is asked what was asked meanwhile", async () => {
  await inPage(async (page, db, started) => {
    page.lifecycle("freeze");
    assert.equal(started[0]?.terminated, true);
    const rows = db.query("SELECT 1");
    const gone = new AbortController();
    const cancelled = db.execute("DELETE FROM todos", [], { signal: gone.signal });
    gone.abort(new Error("left"));
    await assert.rejects(cancelled, { message: "left" });
    page.show("hidden");
    assert.equal(started.length, 1);
    page.lifecycle("resume");
    page.transition("pageshow", true);
    assert.equal(started.length, 2, "both events start one worker");
    assert.deepEqual(await rows, []);
    assert.deepEqual(started[1]?.requests.map(({ type }) => type), ["query"]);
    assert.deepEqual([started[1]?.options?.term, started[1]?.options?.visible], [true, false]);
    assert.deepEqual([started[0]?.notices, started[1]?.notices], [[], []]);
  });
});

test("a page in the back/forward cache has no worker, and its live queries go on when it is shown again", async () => {
  await inPage(async (page, db, started) => {
    const heard: unknown[] = [];
    db.live("SELECT id FROM todos", [], { key: "id" }).subscribe(({ rows }) => heard.push(rows));
    await db.status();
    started[0]?.notify({ type: "live", subscription: 1, fresh: true, columns: ["id"], values: ["a"], steps: [2, 1] });
    await db.status();
    page.transition("pagehide", true);
    assert.equal(started[0]?.terminated, true);
    page.transition("pageshow", true);
    await db.status();
    started[1]?.notify({ type: "live", subscription: 1, fresh: true, columns: ["id"], values: ["a"], steps: [2, 1] });
    await db.status();
    assert.deepEqual(heard, [[{ id: "a" }]]);
  });
});

test("a page that is shown for the first time is left alone", async () => {
  await inPage(async (page, db, started) => {
    page.transition("pageshow", false);
    page.lifecycle("resume");
    await db.status();
    assert.deepEqual([started.length, started[0]?.terminated, started[0]?.notices], [1, false, []]);
  });
});

test("a page that goes for good says so, and waits for nothing", async () => {
  await inPage(async (page, db, started) => {
    page.transition("pagehide", false);
    await db.status();
    assert.deepEqual(started[0]?.notices, [{ type: "leave" }]);
    assert.equal(started[0]?.terminated, false);
  });
});

test("the worker hears whether the page is seen, and wakes with it and with the connection", async () => {
  await inPage(async (page, db, started) => {
    assert.equal(started[0]?.options?.visible, true);
    page.show("hidden");
    page.show("visible");
    page.window.dispatchEvent(new Event("online"));
    await db.status();
    assert.deepEqual(started[0]?.notices, [
      { type: "visibility", visible: false },
      { type: "visibility", visible: true },
      { type: "wake" },
      { type: "wake" },
    ]);
  });
});

test("a closed database hears nothing of the page any more", async () => {
  await inPage(async (page, db, started) => {
    await db.close();
    page.show("visible");
    page.lifecycle("freeze");
    page.lifecycle("resume");
    page.transition("pagehide", false);
    assert.deepEqual([started.length, started[0]?.notices], [1, []]);
  });
});

test("a page that is frozen while it opens opens afterwards", async () => {
  const page = new FakePage();
  Object.assign(globalThis, { document: page.document });
  const started = installWorker(quiet);
  const opening = open(todos);
  page.lifecycle("freeze");
  page.lifecycle("resume");
  const db = await opening;
  assert.deepEqual(started.map(({ terminated }) => terminated), [true, false]);
  assert.equal(started[1]?.options?.term, undefined);
  assert.equal(await db.close(), undefined);
  Object.assign(globalThis, { document: undefined });
});

test("what the worker is told before the database is open is told it afterwards, in order", async () => {
  const page = new FakePage();
  Object.assign(globalThis, { document: page.document });
  const started = installWorker(quiet);
  const opening = open(todos);
  page.show("hidden");
  const db = await opening;
  await db.status();
  assert.deepEqual(started[0]?.notices, [{ type: "visibility", visible: false }]);
  await db.close();
  Object.assign(globalThis, { document: undefined });
});

test("what is told while the database opens waits until somebody can hear it", async () => {
  const recovery = { rows: 3 };
  const database = {
    request: async () => null,
    onNotification: (told: (notification: unknown) => void) => told({ type: "recovered", recovery }),
  };
  installWorker(quiet, { open: async () => database as never });
  const db = await open(todos);
  const heard: unknown[] = [];
  db.on("recovered", (told) => heard.push(told));
  await db.status();
  assert.deepEqual(heard, [recovery]);
  await db.close();
});

test("a database that another tab has wiped is closed here", async () => {
  await inPage(async (_, db, started) => {
    const ended = db.live("SELECT 1")[Symbol.asyncIterator]().next();
    const told: string[] = [];
    db.on("closed", ({ code }) => told.push(code));
    await db.status();
    started[0]?.notify({ type: "closed" });
    assert.equal((await ended).done, true);
    assert.deepEqual(told, ["CLOSED"]);
    await assert.rejects(db.query("SELECT 1"), { code: "CLOSED" });
    assert.equal(started[0]?.terminated, true);
  });
});

test("the module's own failure to hear a notice is a failure of the worker", async () => {
  const uncaught: unknown[] = [];
  const { reportError } = globalThis;
  Object.assign(globalThis, { reportError: (error: unknown) => uncaught.push(error) });
  const trap = wasmError("RuntimeError", "unreachable");
  const database = {
    request: async () => null,
    onNotification: () => {},
    leave: () => {
      throw trap;
    },
  };
  installWorker(quiet, { open: async () => database as never });
  const window = new EventTarget();
  Object.assign(globalThis, { addEventListener: window.addEventListener.bind(window) });
  const db = await open(todos);
  window.dispatchEvent(Object.assign(new Event("pagehide"), { persisted: false }));
  await db.status();
  assert.deepEqual(uncaught, [trap]);
  await db.close();
  Object.assign(globalThis, { addEventListener: undefined, reportError });
});
