// The runs of a comparison by measure and system.

import { ofRuns } from "../harness/statistics.mjs";

/** A figure as the cases give it: a number, or what many calls came to. */
const asMeasured = (measured) => (typeof measured === "number" ? { value: measured } : measured);

/** Everything that was measured, for looking up; `cases` say what there is to look up. */
export class Summary {
  #runs;
  #lacks;

  constructor({ results, cases, systems, reasons }) {
    this.results = results;
    this.cases = cases.filter(({ id }) => results.runs.some((run) => run.case === id));
    this.systems = systems.filter(({ id }) => results.runs.some(({ system }) => system === id));
    this.reasons = reasons;
    this.#runs = results.runs;
    this.#lacks = new Map(systems.map(({ id, lacks }) => [id, lacks ?? {}]));
  }

  /** A measure of a system by run, as `Map` from the run's number to the value. */
  values(system, measure) {
    const found = this.#runs.filter((run) => run.system === system && isThere(run.measures?.[measure]));
    return new Map(found.map((run) => [run.run, asMeasured(run.measures[measure]).value]));
  }

  /** The median of a measure of a system with its spread, or why there is none: `{ reason }` or `{ failure }`. */
  cell(system, one, measure) {
    const runs = this.#runs.filter((run) => run.case === one.id && run.system === system.id);
    const measured = runs.map((run) => run.measures?.[measure]).filter(isThere);
    if (measured.length > 0) return ofRuns(measured.map(asMeasured));
    const reason = this.#lacks.get(system.id)[one.id] ?? system.cannot?.[measure];
    if (reason) return { reason: this.reasons[reason] };
    const failure = runs.every((run) => run.failure) && runs[0]?.failure;
    return failure ? { failure: failure.split("\n")[0] } : { reason: this.reasons.nothing };
  }

  /** A ratio by run: of a measure of one system to that of others, the least of them; runs that lack one are left out. */
  ratios([system, measure], others) {
    const above = this.values(system, measure);
    const below = others.map(([other, of]) => this.values(other, of ?? measure)).filter((values) => values.size > 0);
    return [...above].flatMap(([run, value]) => {
      const compared = below.map((values) => values.get(run)).filter((other) => other !== undefined);
      return compared.length > 0 ? [value / Math.min(...compared)] : [];
    });
  }
}

const isThere = (measured) => measured !== null && measured !== undefined;
