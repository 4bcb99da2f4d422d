import { ofCalls } from "../harness/statistics.mjs";
import { ROW_BYTES } from "../harness/session.mjs";
import { idOf } from "../page/todos.js";

const ROWS = 10_000;
const TRANSACTIONS = 1_000;

/** What others write, and what comes of our own writes. */
export const remote = {
  id: "remote",
  title: "With the server, 10k rows",
  measures: {
    remote: { title: "another user's write → live callback, from the request on", unit: "ms" },
    loop: { title: "local write → POST → back in the shape → confirmed", unit: "ms" },
    storm: { title: "1,000 small transactions of others under five live queries, until the last one shows", unit: "ms" },
    blocked: { title: "… main thread kept busy beyond a frame, in all", unit: "ms" },
    longest: { title: "… longest pause of the main thread", unit: "ms" },
  },
  async run(session) {
    const count = session.options.quick ? 15 : 40;
    await session.backend.fill("todos", ROWS, ROW_BYTES);
    await session.visit("", { direct: true });
    await session.run("firstSync", ROWS);
    const remote = ofCalls(await session.run("remoteReactions", { length: 100, subscribers: 1, count, longest: 10_000 }));
    const loop = ofCalls(await session.run("loop", count));
    await session.run("beginStorm", ROWS);
    for (let index = 1; index < TRANSACTIONS; index++) await session.backend.asOtherUser(update(index % 100, `storm ${index}`));
    await session.backend.asOtherUser(update(0, "the storm is over"));
    const { took, blocked, longest } = await session.run("stormIsOver");
    const checks = { rows: await session.run("checksum") };
    return { measures: { remote, loop, storm: took, blocked, longest }, checks };
  },
};

const update = (number, title) => ({ operation: "update", value: { id: idOf(number), title } });
