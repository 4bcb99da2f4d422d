// Answers whose body never ends: the worker reads no more of them than it has room for, and everything else goes on.

import assert from "node:assert/strict";
import { once } from "node:events";
import { createServer } from "node:http";
import { after, afterEach, beforeEach, describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

/** The most that is read of a body. */
const MOST = 128 * 1024 * 1024;
const workerUrl = "/fixtures/measured-worker.js";

let endless;
let page;

setStage({}, async () => {
  endless = await startEndless();
});

after(async () => {
  await endless?.dispose();
});

beforeEach(async () => {
  page = await openApp(profile, server);
});

afterEach(async () => {
  await page.evaluate(() => globalThis.db?.wipe());
  await page.close();
});

/**
 * A server of another origin that begins a list, and goes on with white space until nobody listens. `left`: when each of its answers was.
 */
async function startEndless() {
  const left = [];
  const space = Buffer.alloc(1024 * 1024, " ");
  const http = createServer(async (request, response) => {
    const cors = { "access-control-allow-origin": "*", "access-control-allow-headers": "*", "access-control-expose-headers": "*" };
    if (request.method === "OPTIONS") return response.writeHead(204, cors).end();
    request.resume();
    const shape = { "electric-handle": "1-1", "electric-offset": "0_0", "electric-schema": "{}" };
    response.writeHead(200, { "content-type": "application/json", ...shape, ...cors });
    const closed = once(response, "close");
    left.push(closed);
    response.write("[");
    while (!response.destroyed) if (!response.write(space)) await Promise.race([once(response, "drain"), closed]);
  });
  await once(http.listen(0, "127.0.0.1"), "listening");
  const origin = `http://127.0.0.1:${http.address().port}`;
  const dispose = async () => {
    http.closeAllConnections();
    await new Promise((resolve) => http.close(resolve));
  };
  return { origin, left, dispose };
}

/** Its answer was read up to the piece that is too much, and left. What the server, or a network, held ready beyond that depends on their buffers. */
async function assertLeft({ bytes, last }) {
  assert.ok(bytes > MOST && bytes - last <= MOST, `${bytes} bytes, the last ${last} of them at once`);
  const [left] = endless.left.splice(0);
  await left;
}

describe("an answer that never ends", () => {
  it("of a shape is left, and told as the server's fault", async () => {
    const { error, title, heapBytes, longest } = await page.evaluate(async ([origin, workerUrl]) => {
      globalThis.db = await app.openAlone({ name: "endless-shape", electric: { url: `${origin}/v1/shape` }, workerUrl });
      const { shapes } = await app.status(db, ({ shapes }) => shapes[0].error);
      await app.add(db, "meanwhile");
      const [{ title }] = await db.query("SELECT title FROM todos");
      return { error: shapes[0].error, title, ...(await app.measured()) };
    }, [endless.origin, workerUrl]);
    assert.equal(error.code, "PROTOCOL");
    assert.match(error.message, /128 MB/);
    assert.equal(title, "meanwhile");
    assert.ok(heapBytes < MOST / 4, `${heapBytes} bytes of WebAssembly memory`);
    await assertLeft(longest);
  });

  it("of the app's API decides nothing: the write waits, and arrives where an answer ends", async () => {
    const { error, pending, longest } = await page.evaluate(async ([origin, workerUrl]) => {
      globalThis.db = await app.openSynced({ name: "endless-api", write: { url: `${origin}/changes` }, workerUrl });
      await app.add(db, "typed on a train");
      const { upload } = await app.status(db, ({ upload }) => upload.error);
      return { error: upload.error, pending: (await db.pending()).length, ...(await app.measured()) };
    }, [endless.origin, workerUrl]);
    assert.equal(pending, 1);
    assert.match(error.message, /128 MB/);
    await assertLeft(longest);
    await page.evaluate(async () => {
      await db.close();
      globalThis.db = await app.openSynced({ name: "endless-api" });
      await app.confirmed(db);
    });
    assert.ok((await server.rows()).some(({ title }) => title === "typed on a train"));
  });
});
