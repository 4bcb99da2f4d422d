import type { LiveRecord } from "../../protocol.js";
import { facts, h } from "../dom.js";
import { isScan, planTree, type PlanStep } from "../plan.js";
import type { Source } from "../source.js";
import { counted, span } from "../values.js";
import { Painting, type Around, type View } from "../view.js";

/** Every live query of every tab, with its plan. */
export function liveView({ source, attempt }: Around): View {
  const element = h("div", { class: "cards" });
  const painting = new Painting(element);
  const plans = new Map<string, PlanStep[]>();

  async function refresh(): Promise<void> {
    const { live } = await source.request({ type: "inspect", from: 0xffff_ffff });
    painting.paint([live, [...plans]], () => [
      live.length === 0 ? h("p", {}, "No tab listens to a query.") : null,
      ...live.map((query) => card(query)),
    ]);
  }

  const card = (query: LiveRecord) => {
    const { tab, subscription, sql, reads, runs, last, total, rows, untaken } = query;
    const plan = plans.get(sql);
    const explain = async () => {
      plans.set(sql, await explainPlan(source, sql, query.params));
      await refresh();
    };
    return h(
      "article",
      { "data-live": `${tab}/${subscription}` },
      h("pre", { tabindex: "0", "aria-label": "Statement" }, sql),
      facts({
        Tab: tab === 0 ? "the one that leads" : `number ${tab}`,
        Runs: runs,
        "Last run": runs > 0 ? span(last / 1_000) : null,
        "Mean run": runs > 0 ? span(total / runs / 1_000) : null,
        Rows: rows,
        Reads: reads.join(", "),
        "Not taken yet": untaken > 0 ? counted(untaken, "result") : null,
      }),
      plan ? planList(plan) : h("p", {}, h("button", { onclick: () => void attempt(explain), "data-key": `plan ${tab}/${subscription}` }, "Query plan")),
    );
  };
  return { element, refresh };
}

/** How SQLite would run a statement; its parameters stay open. */
export async function explainPlan(source: Source, sql: string, params: number): Promise<PlanStep[]> {
  const { rows } = await source.query(`EXPLAIN QUERY PLAN ${sql}`, Array<null>(params).fill(null));
  return planTree(rows);
}

/** The plan as nested lists; steps that read whole tables stand out. */
export function planList(steps: readonly PlanStep[]): HTMLElement {
  const list = (all: readonly PlanStep[]): HTMLElement =>
    h("ul", {}, all.map((step) => h("li", { class: isScan(step) ? "scan" : undefined }, step.detail, step.steps.length > 0 ? list(step.steps) : null)));
  return h("div", { class: "plan", role: "group", "aria-label": "Query plan" }, list(steps));
}
