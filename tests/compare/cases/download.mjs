import { basename } from "node:path";
import { brotliBytes } from "../harness/site.mjs";

/**
 * What a browser that was never here fetches until a row was written and read. What a system says it loads in the background it does not
 * get before that, unless it asks for it again because it cannot go on: then it counts.
 */
export const download = {
  id: "download",
  title: "Download",
  once: true,
  measures: {
    bytes: { title: "to the first row, brotli", unit: "bytes" },
    bytesInAll: { title: "with what loads in the background", unit: "bytes" },
  },
  async run(session) {
    const { toFirstRow, inAll } = await session.download();
    const measures = { bytes: await brotliBytes(toFirstRow), bytesInAll: await brotliBytes(inAll) };
    return { measures, files: { toFirstRow: toFirstRow.map((file) => basename(file)), inAll: inAll.map((file) => basename(file)) } };
  },
};
