import { ofCalls } from "../harness/statistics.mjs";

const ROWS = 100_000;
const SHADED = 100;

const questions = {
  get: "point get",
  top50: "ordered top 50",
  range: "range of 100 rows",
  join: "join with 100 rows of another table",
  count: "count of all rows",
  scan: "scan: sum over the rows with a flag",
};

const measures = { warm100k: { title: "warm: navigation → a row read, 100k rows", unit: "ms" } };
for (const [question, title] of Object.entries(questions)) {
  measures[`${question}0`] = { title, unit: "ms" };
  measures[`${question}100`] = { title: `${title}, ${SHADED} rows written to`, unit: "ms" };
  measures[`${question}Bare`] = { title: `${title}, in the synced table itself`, unit: "ms" };
}

/** Reopening and reading a table of 100,000 rows: as it was loaded, and after a hundred of them were written to here. */
export const large = {
  id: "large",
  title: "Reads at 100k rows",
  measures,
  async run(session) {
    const few = session.options.quick;
    const calls = { quick: few ? 40 : 60, slow: few ? 10 : 20 };
    await session.open({ isNew: true });
    await session.run("prepareJoin", ROWS, 100);
    await session.load(0, ROWS);
    const { value: warm100k } = await session.firstRow("warm");
    const measures = { warm100k };
    const checks = { loaded: await session.run("checksum") };
    const before = await session.run("questions", ROWS, calls);
    await session.run("shade", ROWS, SHADED);
    const after = await session.run("questions", ROWS, { ...calls, synced: true });
    for (const question of Object.keys(questions)) {
      measures[`${question}0`] = ofCalls(before[question].todos);
      measures[`${question}100`] = ofCalls(after[question].todos);
      const { synced } = after[question];
      measures[`${question}Bare`] = synced ? ofCalls(synced) : null;
    }
    checks.shaded = await session.run("checksum");
    return { measures, checks, settings: await session.run("settings") };
  },
};
