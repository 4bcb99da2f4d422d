import { ofCalls } from "../harness/statistics.mjs";
import { ROW_BYTES } from "../harness/session.mjs";

/** One size of the first sync, durable where there is something to keep it in, opening included; then what a table of that size costs. */
function firstSync(rows, name, more) {
  const of = `${rows.toLocaleString("en")} rows`;
  return {
    id: `sync${name}`,
    title: `First sync of ${of}`,
    measures: {
      [`sync${name}`]: { title: "open and load from the server, until all rows can be counted", unit: "ms" },
      [`opened${name}`]: { title: "… of which until it is open", unit: "ms", part: true },
      [`memory${name}`]: { title: "peak memory of the renderer", unit: "bytes" },
      [`get${name}`]: { title: "then a point get", unit: "ms" },
      [`write${name}`]: { title: "then a local update of one row, durable", unit: "ms" },
      [`top${name}`]: { title: "then a local write → callback of a live top 50", unit: "ms" },
    },
    ...more,
    async run(session) {
      const few = session.options.quick;
      await session.backend.fill("todos", rows, ROW_BYTES);
      await session.visit("", { direct: true });
      const { took, opened } = await session.run("firstSync", rows);
      const measures = { [`sync${name}`]: took, [`opened${name}`]: opened, [`memory${name}`]: await session.peakBytes() };
      // A million objects to add up would be most of the case.
      const checks = rows > 100_000 ? {} : { rows: await session.run("checksum") };
      if (await session.run("takesWrites")) {
        measures[`get${name}`] = ofCalls(await session.run("gets", rows, few ? 200 : 500));
        measures[`write${name}`] = ofCalls(await session.run("updates", few ? 60 : 100));
        measures[`top${name}`] = ofCalls(await session.run("localReactions", { length: 50, subscribers: 1, count: few ? 15 : 40, longest: 6_000 }));
      }
      return { measures, checks };
    },
  };
}

export const sync10k = firstSync(10_000, "10k");
export const sync100k = firstSync(100_000, "100k");
export const sync1m = firstSync(1_000_000, "1m", { onDemand: "million" });
