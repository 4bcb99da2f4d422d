// The wasm module comes in two files. A first use takes one of them; the other is loaded meanwhile, or the moment it is called.

import assert from "node:assert/strict";
import { after, afterEach, before, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { firstPage, firstUse } from "./support/first-use.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

const REST = /\/throughline_rest\.wasm/;
/** `import` and `export` are of the second file. */
const copy = async () => {
  await db.import(await db.export());
  return (await db.query("SELECT count(*) AS n FROM todos"))[0].n;
};

let server;
let profile;
/** Requests for the second file, oldest first. */
let asked;
let answer;

before(async () => {
  server = await startServer({ chunkBytes: 100_000 });
});

after(() => server?.dispose());

beforeEach(async () => {
  profile = await newProfile();
  asked = [];
  answer = () => {};
  await profile.context.route(REST, (route) => {
    asked.push(route.request().resourceType());
    return answer(route);
  });
});

afterEach(() => profile?.dispose());

const open = () => openApp(profile, server);

describe("the module's second file", () => {
  it("is not needed to open, sync, read, follow and write", async () => {
    const page = await open();
    await firstPage(page);
    assert.deepEqual(asked, ["fetch"], "asked for, and not waited for");
  });

  it("comes at once to what else a first use may come to", async () => {
    answer = (route) => route.request().resourceType() === "xhr" && route.continue();
    await firstUse(profile, server);
    assert.ok(asked.length >= 5, `one request a worker at least: ${asked}`);
  });

  it("is loaded by itself, and then there is no other request for it", async () => {
    answer = (route) => route.continue();
    const page = await open();
    const came = page.waitForResponse(REST).then((response) => response.finished());
    await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
    await came;
    const total = (await server.rows()).length;
    assert.equal(await page.evaluate(copy), total);
    assert.deepEqual(asked, ["fetch"]);
  });

  it("is loaded at once by a call that comes before it", async () => {
    answer = (route) => route.request().resourceType() === "xhr" && route.continue();
    const page = await open();
    await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
    const total = (await server.rows()).length;
    assert.equal(await page.evaluate(copy), total);
    assert.equal(await page.evaluate(copy), total);
    assert.deepEqual(asked, ["fetch", "xhr"]);
  });

  it("is asked for again after a failure", async () => {
    answer = (route) => (asked.length === 1 ? route.abort() : route.continue());
    const page = await open();
    const came = page.waitForResponse(REST).then((response) => response.finished());
    await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
    await came;
    await page.evaluate(copy);
    assert.equal(asked.length, 2, `once by itself, and once more: ${asked}`);
  });

  it("leaves what was written where it is if it cannot be had when it is called", async () => {
    answer = (route) => route.fulfill({ status: 404 });
    const page = await open();
    const failure = await page.evaluate(async () => {
      addEventListener("error", (event) => event.preventDefault());
      const db = await app.openAlone();
      await app.add(db, "kept");
      return app.failure(() => db.export());
    });
    assert.equal(failure.code, "WORKER");
    assert.match(failure.message, /the rest of the wasm module could not be loaded: .*404/);

    answer = (route) => route.continue();
    const kept = await page.evaluate(async () => {
      globalThis.db = await app.openAlone();
      return db.query("SELECT title FROM todos");
    });
    assert.deepEqual(kept, [{ title: "kept" }]);
    assert.equal(await page.evaluate(copy), 1);
  });
});
