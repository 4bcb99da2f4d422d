import { download, facts, h } from "../dom.js";
import { bytes, moment } from "../values.js";
import { Painting, type Around, type View } from "../view.js";

/** The file: where it is, how large, whether it is sound. */
export function databaseView({ source, attempt }: Around, name: string): View {
  const state = h("section", { "aria-label": "Storage" });
  const painting = new Painting(state);
  const findings = h("section", { "aria-label": "Findings", "data-part": "findings" });

  async function refresh(): Promise<void> {
    const { storage, connected, upload, pending, rejected } = await source.db.status();
    const pragma = async (of: string) => Number((await source.query(`PRAGMA ${of}`)).rows[0]?.[0]);
    const [size, pages, free] = [await pragma("page_size"), await pragma("page_count"), await pragma("freelist_count")];
    painting.paint([storage, connected, upload, pending, rejected, pages, free], () => [
      facts({
        Name: name,
        Storage: `${storage.persistence}${storage.reason ? `: ${storage.reason}` : ""}`,
        "Kept by the browser": storage.persisted === null ? "not known" : storage.persisted ? "until the user deletes it" : "as long as there is space",
        "Size of the file": `${bytes(size * pages)}, of which ${bytes(size * free)} are free`,
        "This origin uses": `${bytes(storage.usage)} of ${bytes(storage.quota)}`,
        Mode: `${storage.journalMode}, ${storage.lockingMode}, synchronous ${storage.synchronous}`,
        Network: connected ? "connected" : "disconnected",
        Upload: `${upload.phase}, ${pending} pending, ${rejected} rejected`,
        "Upload error": upload.error && h("span", { class: "error" }, `${upload.error.code}: ${upload.error.message}`),
        Error: storage.error && h("span", { class: "error" }, `${storage.error.code}: ${storage.error.message}`),
        Recovered: storage.recovered && `${moment(storage.recovered.at)}: ${storage.recovered.reason}, ${storage.recovered.lost} rows lost`,
        Evicted: storage.evicted && `${moment(storage.evicted.at)}, with ${storage.evicted.pending} writes`,
      }),
    ]);
  }

  const find = (work: () => Promise<string[]>) => () =>
    void attempt(async () => {
      findings.replaceChildren(h("p", {}, "…"));
      findings.replaceChildren(...(await work()).map((line) => h("p", {}, line)));
    });
  const verify = find(async () => {
    const { shadowRows, problems } = await source.db.verify();
    return [`${shadowRows} shadow rows looked at, ${problems.length} problems`, ...problems];
  });
  const integrity = find(async () => {
    const { rows } = await source.query("PRAGMA integrity_check");
    return rows.map(([line]) => (line === "ok" ? "The file is sound" : String(line)));
  });
  const save = () =>
    void attempt(async () => {
      download(`${name}.sqlite`, await source.db.export(), "application/vnd.sqlite3");
    });

  const element = h(
    "div",
    {},
    state,
    h(
      "p",
      { class: "actions" },
      h("button", { onclick: save }, "Download .sqlite"),
      h("button", { onclick: verify }, "Verify shadow rows"),
      h("button", { onclick: integrity }, "Check the file"),
    ),
    findings,
  );
  return { element, refresh };
}
