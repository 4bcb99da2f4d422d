/** From the navigation to the first row, in a browser that was never here, and again with what is there then. */
export const open = {
  id: "open",
  title: "Opening",
  measures: {
    cold: { title: "cold: navigation → database made, a row written and read", unit: "ms" },
    warm10k: { title: "warm: navigation → a row read, 10k rows", unit: "ms" },
  },
  async run(session) {
    const cold = await session.firstRow("cold");
    await session.load(1, 10_000);
    const checks = { rows: await session.run("checksum") };
    const warm10k = await session.firstRow("warm");
    return { measures: { cold, warm10k }, checks };
  },
};
