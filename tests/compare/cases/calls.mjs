const ROWS = 10_000;
const BATCH = 10_000;
const WRITES = 100;

const measures = {};
const of = (name, title, what) => {
  for (const call of what) {
    const isBytes = call.startsWith("bytes");
    measures[`${name}_${call}`] = { title: `${title}: ${isBytes ? `bytes ${call.slice(5).toLowerCase()}` : call}`, unit: isBytes ? "bytes" : "count" };
  }
};
of("cold", "new database to the first row", ["reads", "writes", "flushes"]);
of("warm", "reopening 10k rows to the first row", ["reads", "bytesRead", "writes", "flushes"]);
of("insert", "insert of one row", ["writes", "flushes", "bytesWritten"]);
of("update", "update of one row", ["writes", "flushes", "bytesWritten"]);
of("batch", "10k inserts in one transaction", ["writes", "flushes", "bytesWritten"]);

/** What is asked of the files in OPFS: it does not depend on how busy the machine is. */
export const calls = {
  id: "calls",
  title: "File calls",
  measures,
  async run(session) {
    const found = {};
    const note = (name, counts, share = 1) => {
      for (const [call, count] of Object.entries(counts)) {
        if (`${name}_${call}` in measures) found[`${name}_${call}`] = count / share;
      }
    };
    await session.countCalls();
    await session.firstRow("cold");
    note("cold", await session.calls());
    await session.load(1, ROWS);
    await session.firstRow("warm");
    note("warm", await session.calls());
    const during = async (work) => {
      const before = await session.calls();
      await work();
      const after = await session.calls();
      return Object.fromEntries(Object.entries(after).map(([call, count]) => [call, count - before[call]]));
    };
    note("insert", await during(() => session.run("inserts", WRITES)), WRITES);
    note("update", await during(() => session.run("updates", WRITES, 0)), WRITES);
    note("batch", await during(() => session.run("batch", BATCH)));
    return { measures: found, checks: { rows: await session.run("checksum") } };
  },
};
