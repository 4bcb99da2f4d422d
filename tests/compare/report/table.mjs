// The comparison as Markdown.

import { figure, number, spread } from "./figures.mjs";
import { goals, outcome } from "./goals.mjs";

/** From this load on something else runs on a core of its own. */
const BUSY = 1;

/** The whole page. */
export function markdown(summary) {
  const notes = new Notes();
  const parts = [head(summary), goalTable(summary), ...summary.cases.map((one) => caseTable(one, summary, notes))];
  return `${[...parts, notes.text()].filter(Boolean).join("\n\n")}\n`;
}

function head({ results }) {
  const { machine, options, began } = results;
  const runs = options.runs === 1 ? "one run" : `${options.runs} runs`;
  const busy = machine.load === undefined || machine.load < BUSY ? "" : `**The machine was busy when it began (load ${machine.load.toFixed(1)}).** `;
  return [
    "# Throughline beside its peers",
    `${busy}Made by \`./dev bench compare\` on ${began.slice(0, 10)}: ${runs} in ${machine.browser}, ${machine.cores} cores (${machine.cpu}). Medians, and in brackets ` +
      "the least and the largest run. Times are this machine's; what counts are ratios within a row. The fastest of a row is bold. " +
      "How it is measured stands in `tests/compare/README.md`.",
  ].join("\n\n");
}

/** The goals that this comparison tells something of. */
function goalTable(summary) {
  const rows = goals.flatMap((goal) => {
    const found = outcome(goal, summary);
    if (!found) return [];
    const written = (value) => (goal.others ? `${number(value)}×` : figure(value, goal.unit));
    const [least, most] = [written(found.min), written(found.max)];
    const measured = least === most ? written(found.median) : `${written(found.median)} (${least}–${most})`;
    return [`| ${goal.goal} | ${goal.to ?? ""} | ≤ ${written(goal.most)} | ${measured} | ${found.isMet ? "met" : "**not met**"} |`];
  });
  if (rows.length === 0) return "";
  return ["## Goals", ["| measure | against | goal | measured | |", "|---|---|---|---|---|", ...rows].join("\n")].join("\n\n");
}

function caseTable(one, summary, notes) {
  const systems = summary.systems.filter((system) => Object.keys(one.measures).some((measure) => summary.cell(system, one, measure).median !== undefined));
  if (systems.length === 0) return "";
  const rows = Object.entries(one.measures).flatMap(([id, { title, unit, tail = false, part = false }]) => {
    const cells = systems.map((system) => summary.cell(system, one, id));
    const medians = cells.map(({ median }) => median).filter((median) => median !== undefined);
    if (medians.length === 0) return [];
    const least = Math.min(...medians);
    const written = cells.map((cell) => {
      if (cell.median === undefined) return `–${notes.mark(cell)}`;
      const text = spread(cell, unit);
      const isBest = cell.median === least && medians.length > 1 && !part;
      return `${isBest ? `**${text}**` : text}${tail && cell.p95 !== undefined ? `, p95 ${figure(cell.p95, unit)}` : ""}`;
    });
    return [`| ${title} | ${written.join(" | ")} |`];
  });
  const left = summary.systems.filter((system) => !systems.includes(system)).map((system) => leftOut(system, one, summary));
  const table = [`| | ${systems.map(({ short, title }) => short ?? title).join(" | ")} |`, `|---|${systems.map(() => "---|").join("")}`, ...rows].join("\n");
  return [`## ${one.title}`, table, left.length > 0 && `Left out: ${left.join(" ")}`].filter(Boolean).join("\n\n");
}

function leftOut(system, one, summary) {
  const { reason, failure } = summary.cell(system, one, Object.keys(one.measures)[0]);
  return `${system.title} (${(reason ?? `failed: ${failure}`).replace(/\.$/, "")}).`;
}

/** Footnotes, each text once. */
class Notes {
  #texts = [];

  mark({ reason, failure }) {
    const text = reason ?? `Failed: ${failure}`;
    if (!this.#texts.includes(text)) this.#texts.push(text);
    return `<sup>${this.#texts.indexOf(text) + 1}</sup>`;
  }

  text() {
    return this.#texts.map((text, at) => `<sup>${at + 1}</sup> ${text}`).join("  \n");
  }
}
