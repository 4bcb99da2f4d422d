// Shapes that share a table, come, change and go; subsets; subqueries; parameters and headers that are asked for.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage();

// Each test has a database of its own, `db` in the page. The server has five todos, one of them completed.
let databases = 0;
beforeEach(async () => {
  await server.reset();
  page = await openApp(profile, server);
  databases++;
});

afterEach(async () => {
  await server.clear();
  await page.close();
});

/** Opens the database with these tables, and waits until its shapes are up to date. */
const openLive = (tables) =>
  page.evaluate(
    async ([name, tables]) => {
      globalThis.db = await app.open({ name, tables });
      await app.live(db);
    },
    [`shapes-${databases}`, tables],
  );

const OPEN = { where: "completed = $1", params: [false] };
const DONE = { where: "completed = $1", params: [true] };

const count = () => page.evaluate(async () => (await db.query("SELECT count(*) AS n FROM todos"))[0].n);

/** Waits until the page shows a todo with this title. */
const appears = (title) =>
  page.evaluate((wanted) => app.result(db.live("SELECT * FROM todos"), ({ rows }) => rows.some(({ title }) => title === wanted)), title);

const shapes = () =>
  page.evaluate(async () => Object.fromEntries((await db.status()).shapes.map(({ name, phase, rows }) => [name, { phase, rows }])));

const problems = () => page.evaluate(async () => (await db.verify()).problems);

/** What was asked of the shape endpoint since `begun`, as queries. */
const askedSince = async (begun) => (await server.shapeRequests()).slice(begun).map(({ query }) => new URLSearchParams(query));

/** The first todo that is not completed. */
const anOpenTodo = async () => (await server.rows()).find(({ completed }) => completed !== "true" && completed !== "t");

describe("several shapes of a table", () => {
  it("fill it together, and a row may go from one to the other", async () => {
    await openLive({ todos: { shapes: { open: OPEN, done: DONE } } });
    assert.deepEqual(await shapes(), { open: { phase: "live", rows: 4 }, done: { phase: "live", rows: 1 } });
    assert.equal(await count(), 5);
    const { id } = await anOpenTodo();
    await server.asOtherUser({ operation: "update", value: { id, completed: true } });
    await page.evaluate(() => app.status(db, ({ shapes }) => shapes[0].rows === 3 && shapes[1].rows === 2));
    assert.equal(await count(), 5);
    assert.deepEqual(await page.evaluate((id) => db.query("SELECT completed FROM todos WHERE id = ?", [id]), id), [{ completed: true }]);
    assert.deepEqual(await problems(), []);
  });

  it("come while the app runs, and go on where they were when they are set again", async () => {
    await openLive({ todos: { shapes: { done: DONE } } });
    assert.equal(await count(), 1);
    await page.evaluate(async (shape) => {
      await db.setShape("todos", shape, { name: "open" });
      await app.live(db);
    }, OPEN);
    assert.deepEqual(await shapes(), { done: { phase: "live", rows: 1 }, open: { phase: "live", rows: 4 } });
    assert.equal(await count(), 5);

    await page.evaluate(() => db.removeShape("todos", { name: "open" }));
    assert.deepEqual(Object.keys(await shapes()), ["done"]);
    await server.asOtherUser(newTodo("while the shape was gone"));
    assert.equal(await count(), 5, "the rows stay as they were");

    const begun = (await server.shapeRequests()).length;
    await page.evaluate((shape) => db.setShape("todos", shape, { name: "open" }), OPEN);
    await appears("while the shape was gone");
    const offsets = (await askedSince(begun)).map((query) => query.get("offset"));
    assert.ok(!offsets.includes("-1"), `from the offset that was stored: ${offsets}`);

    // Its rows outlive the database that set it.
    await page.close();
    page = await openApp(profile, server);
    const reopened = (await server.shapeRequests()).length;
    await openLive({ todos: { shapes: { done: DONE } } });
    assert.deepEqual(Object.keys(await shapes()), ["done"]);
    assert.equal(await count(), 6);
    await page.evaluate(async (shape) => {
      await db.setShape("todos", shape, { name: "open" });
      await app.live(db);
    }, OPEN);
    assert.ok(!(await askedSince(reopened)).some((query) => query.get("offset") === "-1"));
    assert.deepEqual(await problems(), []);
  });

  it("that are purged take along what no other shape holds", async () => {
    await openLive({ todos: { shapes: { done: DONE, all: {} } } });
    assert.equal(await count(), 5);
    await page.evaluate(async () => {
      await app.add(db, "still pending or not, it is mine");
      await app.confirmed(db);
      await db.removeShape("todos", { name: "all", purge: true });
    });
    assert.equal(await count(), 1);
    await page.evaluate(() => db.removeShape("todos", { name: "nobody" }));
    assert.deepEqual(await problems(), []);
  });

  it("that change keep the old rows until the new ones are complete", async () => {
    await openLive({ todos: { shape: OPEN } });
    await page.evaluate(async () => void (globalThis.counts = await app.counts(db, "SELECT id FROM todos")));
    await server.latency("/v1/shape", 200);
    await page.evaluate(() => db.setShape("todos", {}));
    assert.equal(await count(), 4);
    await page.evaluate(() => app.live(db));
    assert.deepEqual(await page.evaluate(() => counts), [4, 5]);
    await page.evaluate((shape) => db.setShape("todos", shape), DONE);
    await page.evaluate(() => app.result(db.live("SELECT id FROM todos"), ({ rows }) => rows.length === 1));
    assert.deepEqual(await page.evaluate(() => counts), [4, 5, 1]);
    assert.deepEqual(await problems(), []);
  });

  it("of the wrong form are refused by their code", async () => {
    await openLive({ todos: {} });
    const codes = await page.evaluate(async () => {
      const calls = [
        () => db.setShape("nothing", {}),
        () => db.setShape("todos", { wher: "typo" }),
        () => db.setShape("todos", { params: [null] }),
        () => db.setShape("todos", { extra: { offset: "0_0" } }, { name: "other" }),
        () => db.setShape("todos", { columns: ["id"] }, { name: "other" }),
        () => db.setShape("todos", undefined),
        () => db.removeShape("nothing"),
        () => db.loadSubset("todos"),
        () => db.loadSubset("todos", { limit: 2 }),
        () => db.loadSubset("todos", {}, { shape: "nobody" }),
      ];
      return Promise.all(calls.map(async (call) => (await app.failure(call))?.code));
    });
    assert.deepEqual(codes, codes.map(() => "ARGUMENT"));
  });
});

describe("a changes_only shape", () => {
  it("holds what happens and what is loaded, and loads it again with a new log", async () => {
    const types = { "/v1/shape": new Set(), "/changes": new Set() };
    page.on("request", (request) => request.method() === "POST" && types[new URL(request.url()).pathname]?.add(request.headers()["content-type"]));
    await openLive({ todos: { shape: { log: "changes_only" } } });
    assert.equal(await count(), 0);
    assert.equal(await page.evaluate(() => db.loadSubset("todos", { where: "completed = $1", params: [true] })), 1);
    assert.equal(await page.evaluate(() => db.loadSubset("todos", { where: "completed = $1", params: { 1: false }, orderBy: "id", limit: 2 })), 2);
    assert.equal(await count(), 3);
    await server.asOtherUser(newTodo("happens"));
    await appears("happens");
    await page.evaluate(async () => {
      await app.add(db, "mine");
      await app.confirmed(db);
      globalThis.counts = await app.counts(db, "SELECT id FROM todos");
    });
    assert.deepEqual(await page.evaluate(() => counts), [5]);

    await page.evaluate(() => db.disconnect());
    await server.loseShapes();
    const { id } = (await server.rows()).find(({ completed }) => completed === "true" || completed === "t");
    await server.asOtherUser({ operation: "update", value: { id, title: "changed meanwhile" } });
    await page.evaluate(() => db.connect());
    await appears("changed meanwhile");
    await server.asOtherUser(newTodo("in the new log"));
    await appears("in the new log");
    // The new log has what the subsets have: what only happened in the old one is not asked for.
    assert.deepEqual(await page.evaluate(() => counts), [5, 3, 4]);
    assert.deepEqual(types, { "/v1/shape": new Set(["text/plain"]), "/changes": new Set(["application/json"]) });
    assert.deepEqual(await problems(), []);
  });

  it("tells what the server thinks of a condition, and lets go of a wait", async () => {
    await openLive({ todos: { shape: { log: "changes_only" } } });
    const refused = await page.evaluate(() => app.failure(() => db.loadSubset("todos", { where: "no such thing" })));
    assert.deepEqual([refused.code, refused.retryable], ["SHAPE_REJECTED", false]);
    await server.latency("/v1/shape", 300);
    const messages = await page.evaluate(async () => {
      const control = new AbortController();
      const reason = new Error("left the page");
      const load = () => db.loadSubset("todos", {}, { signal: control.signal }).catch((error) => error === reason);
      const waiting = load();
      control.abort(reason);
      return [await waiting, await load()];
    });
    assert.deepEqual(messages, [true, true]);
    await server.clear();
    // What was on its way still comes.
    await page.evaluate(() => app.result(db.live("SELECT id FROM todos"), ({ rows }) => rows.length === 5));
    await page.evaluate(() => db.disconnect());
    const offline = await page.evaluate(() => app.failure(() => db.loadSubset("todos")));
    assert.deepEqual([offline.code, offline.retryable], ["NETWORK", true]);
  });
});

describe("a shape with a subquery", () => {
  it("lets rows leave that moved out after a reload", async () => {
    await server.createTable({ name: "projects", primary_key: ["id"], columns: [{ name: "id", type: "int4" }, { name: "open", type: "bool" }] });
    await server.createTable({ name: "tasks", primary_key: ["id"], columns: [{ name: "id", type: "int4" }, { name: "project_id", type: "int4" }] });
    const insert = (table, value) => ({ table, operation: "insert", value });
    const project = (id, open) => ({ table: "projects", operation: "update", value: { id, open } });
    await server.asOtherUser(insert("projects", { id: 1, open: true }), insert("projects", { id: 2, open: true }), insert("projects", { id: 3, open: false }));
    await server.asOtherUser(...[10, 11, 20, 30].map((id) => insert("tasks", { id, project_id: Math.floor(id / 10) })));

    const tables = { tasks: { shape: { where: "project_id IN (SELECT id FROM projects WHERE open = true)" } } };
    const tasks = (...wanted) =>
      page.evaluate(
        (ids) => app.result(db.live("SELECT id FROM tasks ORDER BY id"), ({ rows }) => rows.map(({ id }) => id).join() === ids),
        wanted.join(),
      );
    await openLive(tables);
    await tasks(10, 11, 20);
    await server.asOtherUser(project(3, true));
    await tasks(10, 11, 20, 30);

    await page.close();
    page = await openApp(profile, server);
    await openLive(tables);
    await tasks(10, 11, 20, 30);
    await server.asOtherUser(project(1, false));
    await tasks(20, 30);
    await page.close();
    await server.asOtherUser(project(2, false));
    page = await openApp(profile, server);
    await openLive(tables);
    await tasks(30);
    assert.deepEqual(await problems(), []);
  });
});

describe("params and headers", () => {
  /** Notes what this page asks of the shape endpoint. */
  const listen = () => {
    const sent = [];
    page.on("request", (request) => {
      const url = new URL(request.url());
      if (url.pathname === "/v1/shape") sent.push({ query: url.searchParams, authorization: request.headers().authorization });
    });
    return sent;
  };

  /** Opens with these functions, given as text because they run in the page. */
  const openWith = (electric) =>
    page.evaluate(
      async ([name, electric]) => {
        globalThis.db = await app.open({ name, electric: { url: "/v1/shape", ...(0, eval)(`(${electric})`) } });
      },
      [`shapes-${databases}`, electric],
    );

  it("are asked for anew for each request, and are no part of what the shape is", async () => {
    const sent = listen();
    const electric = `{
      params: { tenant: "7", token: async () => { await fetch("/v1/health"); return "t" + (globalThis.tokens = (globalThis.tokens ?? 0) + 1); }, absent: () => undefined },
      headers: { Authorization: async () => "Bearer " + (globalThis.bearers = (globalThis.bearers ?? 0) + 1) },
    }`;
    await openWith(electric);
    await page.evaluate(() => app.live(db));
    await server.asOtherUser(newTodo("with the next token"));
    await appears("with the next token");
    const tokens = sent.map(({ query }) => query.get("token"));
    assert.ok(tokens.length >= 3 && tokens.every((token) => /^t\d+$/.test(token)), tokens.join());
    assert.equal(new Set(tokens).size, tokens.length, "no token was used twice");
    assert.equal(new Set(sent.map(({ authorization }) => authorization)).size, sent.length, "nor any header");
    assert.ok(sent.every(({ query }) => query.get("tenant") === "7" && !query.has("absent")));

    // Another function in its place, the same shape.
    await page.close();
    page = await openApp(profile, server);
    const again = listen();
    await openWith(`{ params: { tenant: "7", token: () => "other" } }`);
    await page.evaluate(() => app.live(db));
    assert.ok(again.length > 0);
    assert.ok(again.every(({ query }) => query.get("token") === "other" && query.get("offset") !== "-1"), "from the offset that was stored");
  });

  it("that throw are asked again, and the status says what they said", async () => {
    const sent = listen();
    await openWith(`{ params: { token: () => { if (!globalThis.signedIn) throw new Error("signed out"); return "t"; } } }`);
    const [shape] = await page.evaluate(async () => (await app.status(db, ({ shapes }) => shapes[0].phase === "waiting")).shapes);
    assert.deepEqual([shape.error.code, shape.error.retryable], ["NETWORK", true]);
    assert.match(shape.error.message, /signed out/);
    assert.deepEqual(sent, []);
    await page.evaluate(async () => {
      globalThis.signedIn = true;
      await app.live(db);
    });
    assert.equal(await count(), 5);
  });

  it("that would speak for the protocol stop the shape with ARGUMENT", async () => {
    const sent = listen();
    await openWith(`{ params: () => ({ [globalThis.named ?? "offset"]: "0_0" }) }`);
    const [shape] = await page.evaluate(async () => (await app.status(db, ({ shapes }) => shapes[0].phase === "failed")).shapes);
    assert.deepEqual([shape.error.code, shape.error.retryable], ["ARGUMENT", false]);
    assert.match(shape.error.message, /"offset"/);
    assert.deepEqual(sent, []);
    await page.evaluate(async () => {
      globalThis.named = "token";
      await db.connect();
      await app.live(db);
    });
    assert.equal(await count(), 5);
  });
});
