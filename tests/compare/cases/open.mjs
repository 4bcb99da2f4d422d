import { basename } from "node:path";
import { brotliBytes } from "../harness/site.mjs";

/** From the navigation to the first row, in a browser that was never here, and again with what is there then. */
export const open = {
  id: "open",
  title: "Download and open",
  measures: {
    bytes: { title: "download to the first row, brotli", unit: "bytes" },
    bytesInAll: { title: "… and what is loaded after it", unit: "bytes" },
    cold: { title: "cold: navigation → database made, a row written and read", unit: "ms" },
    warm10k: { title: "warm: navigation → a row read, 10k rows", unit: "ms" },
  },
  async run(session) {
    const { value: cold, files } = await session.firstRow("cold");
    const bytes = await brotliBytes(files);
    await session.load(1, 10_000);
    const checks = { rows: await session.run("checksum") };
    const later = session.filesSoFar();
    const bytesInAll = await brotliBytes(later);
    const { value: warm10k } = await session.firstRow("warm");
    const names = later.map((file) => basename(file));
    return { measures: { bytes, bytesInAll, cold, warm10k }, checks, files: { toFirstRow: names.slice(0, files.length), later: names.slice(files.length) } };
  },
};
