import { ROW_BYTES } from "../harness/session.mjs";

const ROWS = 1_000;
const WRITES = 10_000;

/** Ten thousand writes made offline, each a transaction of its own, on their way to the server and back. */
export const outbox = {
  id: "outbox",
  title: "Outbox",
  measures: {
    drain: { title: "10k offline writes: connect → all confirmed", unit: "ms" },
    posts: { title: "… POSTs it took", unit: "count" },
  },
  async run(session) {
    await session.backend.fill("todos", ROWS, ROW_BYTES);
    await session.visit("", { direct: true });
    await session.run("firstSync", ROWS);
    await session.run("fillOutbox", WRITES);
    const before = (await session.backend.posts()).length;
    const drain = await session.run("drain");
    const posts = (await session.backend.posts()).length - before;
    return { measures: { drain, posts }, checks: { rows: await session.run("checksum") } };
  },
};
