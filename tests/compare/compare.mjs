// ./dev bench compare: Throughline beside its peers, in one run on one machine.

import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { cpus, loadavg } from "node:os";
import { join, resolve } from "node:path";
import { startServer } from "../browser/support/server.mjs";
import { cases } from "./cases/index.mjs";
import { disagreements } from "./harness/agree.mjs";
import { bundle, root, siteFolder } from "./harness/bundle.mjs";
import { readOptions } from "./harness/options.mjs";
import { ordered } from "./harness/order.mjs";
import { measure } from "./harness/measure.mjs";
import { startSite } from "./harness/site.mjs";
import { chart } from "./report/chart.mjs";
import { Summary } from "./report/summary.mjs";
import { markdown } from "./report/table.mjs";
import { reasons, systems } from "./systems/index.mjs";

const options = readOptions(process.argv.slice(2), { systems, cases });
await bundle(options.systems);
const backend = await startServer({ site: siteFolder });
const site = await startSite(backend.origin, systems);

const results = {
  began: new Date().toISOString(),
  machine: { cpu: cpus()[0]?.model, cores: cpus().length, load: loadavg()[0], browser: browserVersion() },
  options: { quick: options.quick, runs: options.runs, million: options.million },
  systems: options.systems.map(({ id, title }) => ({ id, title })),
  /** One entry a case, system and run. */
  runs: [],
};
const out = resolve(root, options.out);
const write = () => {
  mkdirSync(out, { recursive: true });
  writeFileSync(join(out, "latest.json"), `${JSON.stringify(results, null, 1)}\n`);
  const summary = new Summary({ results, cases, systems, reasons });
  writeFileSync(join(out, "table.md"), markdown(summary));
  writeFileSync(join(out, "chart.svg"), chart(summary));
};

for (let run = 0; run < options.runs; run++) {
  for (const one of options.cases) {
    for (const system of ordered(options.systems, run)) {
      const result = await measure(one, system, { site, backend, options });
      if (!result) continue;
      results.runs.push({ case: one.id, system: system.id, run, ...result });
      write();
    }
  }
}
console.log(`${join(out, "table.md")}, chart.svg, latest.json`);
site.stop();
await backend.stop();

const failures = results.runs.filter(({ failure }) => failure).map(({ case: of, system, run, failure }) => `${of} · ${system} · run ${run}: ${failure}`);
const differ = disagreements(results.runs);
for (const text of [...failures, ...differ]) console.error(text);
// A peer that fails is a result; tables that differ make every figure worthless.
if (differ.length > 0) process.exitCode = 1;

function browserVersion() {
  return execFileSync(process.env.THROUGHLINE_CHROMIUM ?? "/usr/bin/chromium", ["--version"], { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).split(" ").slice(0, 2).join(" ");
}
