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
    const calls = session.options.quick ? 10 : 30;
    await session.open({ isNew: true });
    await session.run("prepareJoin", ROWS, 100);
    await session.load(0, ROWS);
    const { value: warm100k } = await session.firstRow("warm");
    const measures = { warm100k };
    const checks = { loaded: await session.run("checksum") };
    const ask = async (suffix, table) => {
      const answers = await session.run("questions", ROWS, calls, table);
      if (!answers) return;
      for (const [question, samples] of Object.entries(answers)) measures[`${question}${suffix}`] = ofCalls(samples);
    };
    await ask("0", "todos");
    await session.run("shade", ROWS, SHADED);
    await ask("100", "todos");
    await ask("Bare", "synced");
    checks.shaded = await session.run("checksum");
    return { measures, checks, settings: await session.run("settings") };
  },
};
