// The network and the server misbehave: nothing is lost, the list never flickers, and the status says what is going on.

import assert from "node:assert/strict";
import { afterEach, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let page;

setStage();

// Each test has a database of its own, `db` in the page.
let databases = 0;
beforeEach(async () => {
  page = await openApp(profile, server);
  await page.evaluate((name) => void (globalThis.databaseName = name), `network-${++databases}`);
});

afterEach(async () => {
  await server.clear();
  await page.close();
});

const openSynced = () => page.evaluate(async () => void (globalThis.db = await app.openSynced({ name: databaseName })));

/** Waits until the page shows a todo with this title. */
const appears = (title) =>
  page.evaluate((wanted) => app.result(db.live("SELECT * FROM todos"), ({ rows }) => rows.some(({ title }) => title === wanted)), title);

describe("reading", () => {
  it("another user's change is there with the answer to the held poll, no request later", async () => {
    await openSynced();
    await server.seen("a held poll", ({ held }) => held === 1);
    const before = (await server.shapeRequests()).length;
    await server.asOtherUser(newTodo("hot off the press"));
    await appears("hot off the press");
    const [first] = (await server.shapeRequests()).slice(before);
    assert.equal(first.status, 200);
    assert.match(first.query, /live=true/);
    await server.seen("the next held poll", ({ held }) => held === 1);
    assert.equal((await server.shapeRequests()).length, before + 1);
  });

  it("waits out a 503 as long as Retry-After says, tells so, and recovers", async () => {
    await openSynced();
    await server.seen("a held poll", ({ held }) => held === 1);
    const begun = Date.now();
    await server.outage({ path: "/v1/shape", status: 503, headers: { "retry-after": "2" }, body: "down" });
    await server.asOtherUser(newTodo("before the outage"));
    const { shape, writable } = await page.evaluate(async () => {
      const { shapes } = await app.status(db, ({ shapes }) => shapes[0].phase === "waiting");
      await app.add(db, "written during the outage");
      return { shape: shapes[0], writable: (await db.query("SELECT count(*) AS n FROM todos"))[0].n > 5 };
    });
    assert.ok(shape.retryAt >= begun + 2000, "the next try is not before the server wants it");
    assert.equal(shape.error.code, "NETWORK");
    assert.equal(shape.error.retryable, true);
    assert.ok(writable);

    await server.clear();
    await server.asOtherUser(newTodo("after the outage"));
    await appears("after the outage");
    const [recovered] = await page.evaluate(async () => (await app.status(db, ({ shapes }) => shapes[0].phase === "live")).shapes);
    assert.equal(recovered.error, null);
    await page.evaluate(() => app.confirmed(db));
  });

  it("starts while the server is away, and says so", async () => {
    await server.outage({ path: "/v1/shape", status: 503, count: 1, headers: { "retry-after": "1" } });
    const phases = await page.evaluate(async () => {
      globalThis.db = await app.open({ name: databaseName });
      const phases = [];
      await app.status(db, ({ shapes }) => (phases.push(shapes[0].phase), shapes[0].phase === "live"));
      return phases;
    });
    assert.ok(phases.includes("waiting"), phases.join());
    assert.ok((await page.evaluate(() => db.query("SELECT * FROM todos"))).length >= 5);
  });

  it("a refetch never shows an empty list, and leaves pending writes alone", async () => {
    await server.outage({ path: "/changes", status: 503 });
    await openSynced();
    await page.evaluate(async () => {
      await app.add(db, "pending all along");
      globalThis.counts = [];
      const live = db.live("SELECT id, title FROM todos");
      await new Promise((resolve) => live.subscribe(({ rows }) => (counts.push(rows.length), resolve())));
    });
    const rows = (await server.rows()).length + 1;

    // While nobody looks the whole table is replaced.
    await page.evaluate(() => db.disconnect());
    await server.truncate();
    await server.asOtherUser(newTodo("after the truncate 1"), newTodo("after the truncate 2"));
    await page.evaluate(() => db.connect());
    await appears("after the truncate 2");
    assert.ok((await server.shapeRequests()).some(({ status }) => status === 409), "the server asked for a refetch");
    assert.deepEqual(await page.evaluate(() => counts), [rows, 3], "one step from the old list to the new one");
    assert.equal(await page.evaluate(async () => (await db.pending()).length), 1);

    // The service forgets its shapes under a held poll; the rows are the same, so there is nothing to tell.
    await server.seen("a held poll", ({ held }) => held === 1);
    await server.loseShapes();
    await server.asOtherUser(newTodo("after the shapes were lost"));
    await appears("after the shapes were lost");
    assert.deepEqual(await page.evaluate(() => counts), [rows, 3, 4]);

    await server.clear();
    await page.evaluate(async () => {
      await db.disconnect();
      await db.connect();
      await app.confirmed(db);
    });
    assert.ok((await server.rows()).some(({ title }) => title === "pending all along"));
    assert.deepEqual((await page.evaluate(() => db.verify())).problems, []);
  });
});

describe("disconnect and connect", () => {
  it("stop and start all traffic", async () => {
    await openSynced();
    await server.seen("a held poll", ({ held }) => held === 1);
    await page.evaluate(() => db.disconnect());
    await server.seen("no held poll", ({ held }) => held === 0);
    const before = (await server.log()).requests.length;
    await server.asOtherUser(newTodo("while disconnected"));
    const [status, seen] = await page.evaluate(async () => {
      await app.add(db, "written while disconnected");
      return [await db.status(), (await db.query("SELECT * FROM todos WHERE title = 'while disconnected'")).length];
    });
    assert.equal(status.connected, false);
    assert.deepEqual([status.shapes[0].phase, status.upload.phase], ["paused", "paused"]);
    assert.equal(seen, 0);
    assert.equal((await server.log()).requests.length, before, "no request was answered meanwhile");

    await page.evaluate(() => db.connect());
    await appears("while disconnected");
    await page.evaluate(() => app.confirmed(db));
    assert.ok((await server.rows()).some(({ title }) => title === "written while disconnected"));
  });
});

describe("headers", () => {
  it("of a function are asked for anew for each request, and waited for", async () => {
    const sent = { "/v1/shape": [], "/changes": [] };
    page.on("request", (request) => sent[new URL(request.url()).pathname]?.push(request.headers().authorization));
    await page.evaluate(async () => {
      let tokens = 0;
      const headers = (of) => async () => {
        await fetch("/v1/health");
        return { Authorization: `${of} ${++tokens}` };
      };
      globalThis.db = await app.openSynced({
        name: databaseName,
        electric: { url: "/v1/shape", headers: headers("read") },
        write: { url: "/changes", headers: headers("write") },
      });
      await app.add(db, "with a token");
      await app.confirmed(db);
    });
    const shapes = sent["/v1/shape"];
    const posts = sent["/changes"];
    assert.ok(shapes.length >= 2 && posts.length >= 1, JSON.stringify(sent));
    for (const header of shapes) assert.match(header, /^read \d+$/);
    for (const header of posts) assert.match(header, /^write \d+$/);
    const all = [...shapes, ...posts].map((header) => header.split(" ")[1]);
    assert.equal(new Set(all).size, all.length, "no header was used twice");
  });

  it("that are refused are asked for again; nothing is lost", async () => {
    await server.outage({ path: "/changes", status: 401, count: 1 });
    const asked = await page.evaluate(async () => {
      let asked = 0;
      const headers = () => ({ Authorization: `token ${++asked}` });
      globalThis.db = await app.openSynced({ name: databaseName, write: { url: "/changes", headers } });
      await app.add(db, "with the second token");
      await app.confirmed(db);
      return asked;
    });
    assert.equal(asked, 2);
    assert.equal((await server.rows()).filter(({ title }) => title === "with the second token").length, 1);
  });
});

describe("a misconfigured write URL", () => {
  it("is told as such, and loses nothing", async () => {
    const upload = await page.evaluate(async () => {
      globalThis.db = await app.openSynced({ name: databaseName, write: { url: "/nowhere" } });
      await app.add(db, "kept");
      const { upload } = await app.status(db, ({ upload }) => upload.error !== null);
      return { ...upload, pending: (await db.pending()).length };
    });
    assert.equal(upload.error.code, "ENDPOINT");
    assert.equal(upload.pending, 1);
  });
});
