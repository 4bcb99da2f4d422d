import { until } from "../../browser/support/until.mjs";
import { ofCalls } from "../harness/statistics.mjs";

const ROWS = 10_000;

/** A second tab, and what it notices when the first one goes. */
export const tabs = {
  id: "tabs",
  title: "Several tabs",
  measures: {
    leader: { title: "point get in the first tab", unit: "ms" },
    follower: { title: "point get in the second tab", unit: "ms" },
    closed: { title: "longest write of the second tab while the first is closed", unit: "ms" },
    crashed: { title: "longest write of the second tab while the first crashes", unit: "ms" },
  },
  async run(session) {
    const count = session.options.quick ? 200 : 500;
    await session.open({ isNew: true });
    await session.load(0, ROWS);
    const leader = ofCalls(await session.run("lookups", count));
    let first = session.page;
    const second = await session.another();
    const follower = ofCalls(await session.run("lookups", count));
    const closed = await gap(session, () => first.close());
    // Now the second leads, and a third follows it.
    first = second;
    await session.another();
    const crashed = await gap(session, () => session.crash(first));
    return { measures: { leader, follower, closed, crashed } };
  },
};

/** The longest of the writes of the newest tab around what happens to another. */
async function gap(session, happen) {
  await session.run("beginWriting");
  const some = async (more) => {
    const before = await session.run("written");
    await until("the tab writes", async () => (await session.run("written")) > before + more);
  };
  await some(20);
  await happen();
  await some(20);
  return session.run("longestGap");
}
