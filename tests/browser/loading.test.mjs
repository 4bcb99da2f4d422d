// A first load in many chunks, and a browser that is killed in the middle of it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { newTodo } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const ROWS = 2000;
const CHUNK_BYTES = 40_000;
/** Slow enough to be caught in the middle. */
const LATENCY_MS = 150;

setStage({ server: { chunkBytes: CHUNK_BYTES } });

describe("a first load", () => {
  it("goes on where it was when the browser was killed, and is complete at the end", async () => {
    await server.asOtherUser(...Array.from({ length: ROWS }, (_, index) => newTodo(`todo ${index}`)));
    const total = (await server.rows()).length;
    await server.latency("/v1/shape", LATENCY_MS);

    let page = await openApp(profile, server);
    const loaded = await page.evaluate(async () => {
      globalThis.db = await app.open();
      const { shapes } = await app.status(db, ({ shapes }) => shapes[0].phase === "loading" && shapes[0].rows > 0);
      return shapes[0].rows;
    });
    await profile.kill();
    assert.ok(loaded < total, `${loaded} of ${total} rows: too late to be in the middle`);
    const before = (await server.shapeRequests()).length;

    await server.clear();
    await profile.start();
    page = await openApp(profile, server);
    const [rows, problems] = await page.evaluate(async () => {
      const db = await app.openSynced();
      return [(await db.query("SELECT count(*) AS n, count(DISTINCT id) AS ids FROM todos"))[0], (await db.verify()).problems];
    });
    assert.deepEqual(rows, { n: total, ids: total });
    assert.deepEqual(problems, []);
    const resumed = (await server.shapeRequests()).slice(before).map(({ query }) => new URLSearchParams(query).get("offset"));
    assert.ok(!resumed.includes("-1"), `from the offset that was stored: ${resumed}`);
    await page.close();
  });

  it("tells its progress, and live queries when all rows are there", async () => {
    const page = await openApp(profile, server);
    const total = (await server.rows()).length;
    // The query is asked while the table is still to come: with the first chunk it is there, and as empty as it looks.
    await server.latency("/v1/shape", LATENCY_MS);
    const { progress, counts } = await page.evaluate(async (total) => {
      const db = await app.open({ name: "progress" });
      const live = db.live("SELECT count(*) AS n FROM todos");
      const counts = [];
      const complete = app.result(live, ({ rows: [{ n }] }) => (counts.push(n), n === total));
      const progress = [];
      await app.status(db, ({ shapes: [{ phase, rows, bytes, chunks }] }) => (progress.push({ rows, bytes, chunks }), phase === "live"));
      await complete;
      await db.close();
      return { progress, counts };
    }, total);
    for (const figure of ["rows", "bytes", "chunks"]) {
      const told = progress.map((one) => one[figure]);
      assert.deepEqual(told, [...told].sort((one, other) => one - other), `${figure} only grow`);
      assert.ok(new Set(told).size > 3, `${figure} are told while the log loads: ${told}`);
    }
    const end = progress.at(-1);
    assert.equal(end.rows, total);
    assert.ok(end.chunks > total / 300 && end.bytes > end.chunks * 1000, JSON.stringify(end));
    assert.deepEqual(counts, [total]);
    await server.clear();
    await page.close();
  });
});
