import { facts, h } from "../dom.js";
import { bytes, counted, moment, span } from "../values.js";
import { Painting, type Around, type View } from "../view.js";

/** Each shape: what it does, where its log is, how far behind. */
export function shapesView({ source, attempt }: Around): View {
  const element = h("div", { class: "cards" });
  const painting = new Painting(element);

  async function refresh(): Promise<void> {
    const [{ shapes, connected }, inspection] = await Promise.all([source.db.status(), source.request({ type: "inspect", from: 0xffff_ffff })]);
    const positions = inspection.shapes;
    // The seconds go on.
    const tick = Math.floor(Date.now() / 1_000);
    painting.paint([shapes, positions, connected, tick], () => [
      h("h2", {}, "Shapes"),
      h(
        "p",
        { class: "actions" },
        h("button", { onclick: () => void attempt(() => (connected ? source.db.disconnect() : source.db.connect())), "data-key": "connection" }, connected ? "Disconnect" : "Connect"),
      ),
      shapes.length === 0 ? h("p", {}, "The tab that leads syncs no shapes.") : null,
      ...shapes.map((shape) => {
        const position = positions.find(({ table, name }) => table === shape.table && name === shape.name);
        return h(
          "article",
          { "data-shape": `${shape.table}/${shape.name}` },
          h("h3", {}, shape.table, shape.name === "default" ? "" : ` (${shape.name})`, " ", h("span", { class: `badge ${shape.phase}` }, shape.phase)),
          facts({
            Handle: position?.handle ?? "none yet",
            Offset: position?.offset ?? "none yet",
            Log: position?.beside ? "loads beside the rows that are shown" : "in the rows that are shown",
            Group: position?.group,
            Rows: shape.rows,
            Received: `${bytes(shape.bytes)} in ${counted(shape.chunks, "answer")}`,
            "Last up to date": shape.lastSyncedAt === null ? "never" : `${moment(shape.lastSyncedAt)}, ${span(Math.max(0, Date.now() - shape.lastSyncedAt))} ago`,
            "Next attempt": shape.retryAt === null ? null : moment(shape.retryAt),
            Error: shape.error && h("span", { class: "error" }, `${shape.error.code}: ${shape.error.message}`),
          }),
        );
      }),
    ]);
  }
  return { element, refresh };
}
