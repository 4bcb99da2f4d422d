import { download, h, table } from "../dom.js";
import { readStep, traceFile, type TraceStep } from "../trace.js";
import { counted } from "../values.js";
import { Painting, type Around, type View } from "../view.js";

/** So many of the newest steps are listed. */
const LISTED = 200;

/** What the engine hears and says, recorded on request. */
export function traceView({ source, attempt, say }: Around): View {
  const element = h("div", {});
  const painting = new Painting(element);
  /** The database as it was at the first step. Only with it can the steps be played again. */
  let database: Uint8Array | undefined;
  let texts: string[] = [];
  let first = 0;
  let recording = false;

  async function refresh(): Promise<void> {
    const { trace } = await source.request({ type: "inspect", from: first + texts.length });
    if (recording && !trace) {
      database = undefined;
      say("Recording has ended: another tab leads, or the database was replaced.");
    }
    if (!recording && trace && texts.length === 0) first = trace.first;
    recording = trace !== null;
    if (trace) {
      if (trace.first > first + texts.length) [first, texts] = [trace.first, []];
      // Two looks at once may have brought some twice.
      texts.push(...trace.steps.slice(first + texts.length - trace.first));
    }
    paint();
  }

  const paint = () =>
    painting.paint([recording, first, texts.length, database !== undefined], () => [
      h(
        "p",
        { class: "actions" },
        h("button", { onclick: () => void attempt(toggle), "data-key": "record" }, recording ? "Stop" : "Record"),
        h("button", { disabled: !database || first > 0 || texts.length === 0, onclick: save, "data-key": "save" }, "Save"),
      ),
      h("p", { class: "muted" }, hint()),
      texts.length > 0 ? list() : null,
    ]);

  const hint = () => {
    if (recording && !database) return "Recorded for another panel, which alone can save it.";
    if (recording) return `${counted(texts.length, "step")}. Save the file and play it: THROUGHLINE_TRACE=trace.json cargo test --test trace -- --ignored. It holds the database and what servers answered; headers are left out.`;
    return "Record opens the database anew, in every tab at once and unseen by the app, and keeps each event with its effects.";
  };

  const list = () => {
    const from = Math.max(0, texts.length - LISTED);
    const steps: TraceStep[] = texts.slice(from).map((text, at) => readStep(first + from + at, text));
    return table(
      "Recorded steps",
      ["Step", "At", "Event", "Effects"],
      steps.reverse().map(({ number, now, kind, about, effects }) => [
        number,
        new Date(now).toISOString().slice(11, 23),
        h("span", {}, h("strong", {}, kind), " ", about.slice(0, 160)),
        h("span", { class: "lines" }, effects.map((effect) => effect.slice(0, 120)).join("\n")),
      ]),
    );
  };

  async function toggle(): Promise<void> {
    if (recording) {
      await source.request({ type: "record", on: false });
      recording = false;
    } else {
      const begun = await source.request({ type: "record", on: true });
      [database, texts, first, recording] = [begun?.bytes, [], 0, false];
      await refresh();
    }
    paint();
  }

  const save = () => {
    if (database) download("trace.json", traceFile(database, texts), "application/json");
  };

  return { element, refresh };
}
