// What ./dev bench compare was asked for.

import { parseArgs } from "node:util";

const USAGE = `./dev bench compare [--quick] [--systems a,b] [--cases x,y] [--runs n] [--million] [--out folder]`;

const SHOWN = "tests/compare/results";
const TRIED = "target/compare/last";

/** Runs of a full comparison; a quick one has a single one. */
const RUNS = 5;

/**
 * Reads the arguments of the command.
 *
 * @throws Error with the usage for what is not there.
 */
export function readOptions(args, { systems, cases }) {
  const { values } = parseArgs({
    args,
    options: {
      quick: { type: "boolean", default: false },
      million: { type: "boolean", default: false },
      runs: { type: "string" },
      systems: { type: "string" },
      cases: { type: "string" },
      out: { type: "string" },
    },
  });
  const runs = values.runs === undefined ? (values.quick ? 1 : RUNS) : Number(values.runs);
  if (!Number.isInteger(runs) || runs < 1) throw new Error(`--runs is a number from 1\n${USAGE}`);
  return {
    quick: values.quick,
    million: values.million,
    runs,
    systems: pick("systems", values.systems, systems),
    cases: pick("cases", values.cases, cases).filter(({ onDemand }) => !onDemand || values[onDemand]),
    /** Where the report goes; what is shown is made of a whole comparison alone. */
    out: values.out ?? (values.quick || values.systems || values.cases ? TRIED : SHOWN),
  };
}

function pick(name, text, all) {
  if (text === undefined) return all;
  const ids = text.split(",").filter(Boolean);
  const unknown = ids.filter((id) => !all.some((one) => one.id === id));
  if (unknown.length > 0 || ids.length === 0) {
    throw new Error(`--${name}: there is no ${unknown.join(", ")}, only ${all.map(({ id }) => id).join(", ")}\n${USAGE}`);
  }
  return all.filter(({ id }) => ids.includes(id));
}
