import { h, table } from "../dom.js";
import { counted, show, span } from "../values.js";
import { explainPlan, planList } from "./live.js";
import type { Around, View } from "../view.js";

/** More rows are not shown. */
const SHOWN = 500;

/** Statements by the app's own rules: what it may not write, this may not either. */
export function consoleView({ source, say }: Around): View {
  const input = h("textarea", { rows: 4, spellcheck: "false", autocapitalize: "off", "aria-label": "SQL", placeholder: "SELECT …" });
  const history = h("select", { "aria-label": "History", onchange: () => recall() }, h("option", { value: "" }, "History"));
  const output = h("section", { "aria-label": "Result", "data-part": "result" });
  const statements: string[] = [];

  const recall = () => {
    input.value = statements[Number(history.value)] ?? input.value;
    input.focus();
  };
  const remember = (sql: string) => {
    const known = statements.indexOf(sql);
    if (known >= 0) statements.splice(known, 1);
    statements.unshift(sql);
    history.replaceChildren(h("option", { value: "" }, "History"), ...statements.map((text, at) => h("option", { value: at }, text.slice(0, 80))));
  };
  const report = async (work: (sql: string) => Promise<(Node | string)[]>) => {
    const sql = input.value.trim();
    if (!sql) return;
    remember(sql);
    try {
      output.replaceChildren(...(await work(sql)));
    } catch (error) {
      const { code, message } = error as { code?: string; message: string };
      output.replaceChildren(h("p", { class: "error" }, `${code ?? "ERROR"}: ${message}`));
      say(message);
    }
  };

  const run = () =>
    report(async (sql) => {
      const begun = performance.now();
      const { columns, rows, rowsAffected } = await source.execute(sql);
      const took = span(performance.now() - begun);
      if (columns.length === 0) return [h("p", {}, `${counted(rowsAffected, "row")} written, ${took}`)];
      const more = rows.length > SHOWN ? `, the first ${SHOWN} of them shown` : "";
      return [
        h("p", {}, `${counted(rows.length, "row")}${more}, ${took}`),
        table("Result", columns, rows.slice(0, SHOWN).map((row) => row.map((value) => show(value)))),
      ];
    });
  const plan = () => report(async (sql) => [planList(await explainPlan(source, sql, 0))]);

  const onkeydown = (event: KeyboardEvent) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    void run();
  };
  input.addEventListener("keydown", onkeydown);
  const element = h(
    "div",
    { class: "console" },
    input,
    h("p", { class: "actions" }, h("button", { onclick: run, title: "Ctrl+Enter" }, "Run"), h("button", { onclick: plan }, "Plan"), history),
    output,
  );
  return { element, refresh: async () => {} };
}
