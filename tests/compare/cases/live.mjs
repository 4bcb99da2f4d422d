import { ofCalls } from "../harness/statistics.mjs";

const ROWS = 10_000;
const sizes = [100, 10_000];
const crowds = [1, 50];

const name = (length, subscribers) => `live${length === 100 ? "100" : "10k"}x${subscribers}`;

const measures = {};
for (const length of sizes) {
  for (const subscribers of crowds) {
    const of = subscribers === 1 ? "one live query" : `${subscribers} live queries`;
    measures[name(length, subscribers)] = { title: `local write → callback, ${of} of ${length.toLocaleString("en")} rows`, unit: "ms" };
  }
}

/** From the call of a write to the callback of the last live query that shows it. */
export const live = {
  id: "live",
  title: "Live queries at 10k rows",
  measures,
  async run(session) {
    const [count, longest] = session.options.quick ? [10, 2_000] : [30, 4_000];
    await session.open({ isNew: true, live: true });
    await session.load(0, ROWS);
    const measures = {};
    for (const length of sizes) {
      for (const subscribers of crowds) {
        const samples = await session.run("localReactions", { length, subscribers, count, longest });
        measures[name(length, subscribers)] = ofCalls(samples);
      }
    }
    return { measures };
  },
};
