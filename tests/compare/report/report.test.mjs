import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { disagreements } from "../harness/agree.mjs";
import { readOptions } from "../harness/options.mjs";
import { ordered } from "../harness/order.mjs";
import { median, midmean, ofCalls, ofRuns, quantile } from "../harness/statistics.mjs";
import { chart } from "./chart.mjs";
import { figure, spread } from "./figures.mjs";
import { goals, outcome } from "./goals.mjs";
import { Summary } from "./summary.mjs";
import { markdown } from "./table.mjs";

const systems = [
  { id: "throughline", title: "Throughline" },
  { id: "sqlite-wasm-wal", title: "sqlite-wasm", short: "wal" },
  { id: "powersync", title: "Power & Sync" },
  { id: "pglite", title: "PGlite", lacks: { small: "slow" } },
];
const reasons = { slow: "It takes minutes.", nothing: "It has nothing of the kind." };
const cases = [
  {
    id: "small",
    title: "Reads and writes",
    measures: {
      insert: { title: "insert", unit: "ms", tail: true },
      batch: { title: "batch", unit: "ms" },
      bareBatch: { title: "batch, bare", unit: "ms", part: true },
    },
  },
  { id: "open", title: "Open", measures: { bytes: { title: "download", unit: "bytes" } } },
  { id: "unused", title: "Unused", measures: { none: { title: "none", unit: "ms" } } },
];

/** Three runs; the second one of PowerSync failed. */
const runs = [0, 1, 2].flatMap((run) => [
  { case: "small", system: "throughline", run, measures: { insert: { value: 0.5 + run / 10, p95: 1 }, batch: 200 + run, bareBatch: 100 } },
  { case: "small", system: "sqlite-wasm-wal", run, measures: { insert: { value: 0.5, p95: 1 }, batch: 90, bareBatch: 90 } },
  run === 1
    ? { case: "small", system: "powersync", run, failure: "it broke\nat line 7" }
    : { case: "small", system: "powersync", run, measures: { insert: { value: 2, p95: 3 }, batch: 300, bareBatch: null } },
  { case: "open", system: "throughline", run, measures: { bytes: 330_000 } },
  { case: "open", system: "pglite", run, measures: { bytes: 3_860_000 } },
]);
const results = {
  began: "2026-03-01T10:00:00.000Z",
  machine: { cpu: "a processor", cores: 2, browser: "Chromium 1" },
  options: { quick: false, runs: 3 },
  runs,
};
const summary = new Summary({ results, cases, systems, reasons });
const goal = (measure, to) => goals.find((one) => one.measure === measure && one.to === to);

describe("statistics", () => {
  it("find the middle, also between two values and in any order", () => {
    assert.equal(median([10, 9, 2]), 9);
    assert.equal(median([4, 1, 3, 2]), 2.5);
    assert.equal(quantile([0, 100, 50], 0.95), 95);
    assert.equal(quantile([7], 0.95), 7);
    assert.ok(Number.isNaN(median([])));
  });

  it("take the middle half, which outliers do not move", () => {
    assert.equal(midmean([1, 1, 1, 2, 2, 2, 2, 900]), 1.75);
    assert.equal(midmean([3]), 3);
    assert.deepEqual(ofCalls([5, 5, 5, 6, 6, 6, 6, 900]), { value: 5.75, p50: 6, p95: quantile([5, 5, 5, 6, 6, 6, 6, 900], 0.95), n: 8 });
  });

  it("tell between the ticks of a coarse clock", () => {
    // Calls of 0.07 ms, as a clock shows them that ticks every 0.1 ms; one was interrupted.
    const shown = Array.from({ length: 100 }, (_, call) => (Math.floor(0.7 * (call + 1)) - Math.floor(0.7 * call)) / 10);
    shown[42] = 30;
    const { value, p50, n } = ofCalls(shown);
    assert.ok(Math.abs(value - 0.07) < 0.001, String(value));
    assert.deepEqual([p50, n], [0.1, 100]);
  });

  it("put runs together by their median, with the least and the largest", () => {
    assert.deepEqual(ofRuns([{ value: 3, p95: 9 }, { value: 1, p95: 5 }, { value: 2, p95: 7 }]), { median: 2, min: 1, max: 3, runs: 3, p95: 7 });
    assert.deepEqual(ofRuns([{ value: 5 }]), { median: 5, min: 5, max: 5, runs: 1 });
  });
});

describe("a comparison", () => {
  it("turns the order around from run to run", () => {
    const orders = [0, 1, 2].map((run) => ordered(["a", "b", "c"], run).join(""));
    assert.deepEqual(orders, ["abc", "cba", "abc"]);
  });

  it("demands equal tables of all systems and runs, case by case", () => {
    const sums = (system, run, rows) => ({ case: "small", system, run, checks: { rows } });
    const failed = { case: "small", system: "c", run: 0, failure: "it broke" };
    assert.deepEqual(disagreements([sums("a", 0, "1"), sums("b", 0, "1"), failed, { ...sums("a", 0, "2"), case: "open" }]), []);
    assert.deepEqual(disagreements([sums("a", 0, "1"), sums("b", 0, "1"), sums("b", 1, "2")]), ["small/rows differs: 1 of a#0, b#0; 2 of b#1"]);
  });

  it("reads what it was asked for", () => {
    const all = { systems, cases: [...cases, { id: "huge", onDemand: "million" }] };
    const ids = ({ systems, cases, runs }) => [systems.map(({ id }) => id), cases.map(({ id }) => id), runs];
    const everything = systems.map(({ id }) => id);
    assert.deepEqual(ids(readOptions([], all)), [everything, ["small", "open", "unused"], 5]);
    assert.deepEqual(ids(readOptions(["--quick", "--million"], all)), [everything, ["small", "open", "unused", "huge"], 1]);
    assert.deepEqual(ids(readOptions(["--systems", "pglite,throughline", "--cases", "open", "--runs", "2"], all)), [["throughline", "pglite"], ["open"], 2]);
    const out = (...args) => readOptions(args, all).out;
    assert.deepEqual([out(), out("--million"), out("--quick")], ["tests/compare/results", "tests/compare/results", "target/compare/last"]);
    assert.deepEqual([out("--cases", "open"), out("--quick", "--out", "there")], ["target/compare/last", "there"]);
    assert.throws(() => readOptions(["--systems", "oracle"], all), /there is no oracle, only throughline/);
    assert.throws(() => readOptions(["--runs", "0"], all), /number from 1/);
    assert.throws(() => readOptions(["--faster"], all), /faster/);
  });
});

describe("the report", () => {
  it("writes figures with the digits that they have", () => {
    const written = [0.084, 0.5, 1.04, 12.4, 345.6, 4_321, 12_345].map((value) => figure(value, "ms"));
    assert.deepEqual(written, ["0.08 ms", "0.50 ms", "1.0 ms", "12 ms", "346 ms", "4,321 ms", "12 s"]);
    assert.deepEqual([414_321, 3_860_000, 285_000_000].map((value) => figure(value, "bytes")), ["414 KB", "3.86 MB", "285 MB"]);
    assert.deepEqual([0, 3.14, 1403].map((value) => figure(value, "count")), ["0", "3.1", "1,403"]);
    assert.equal(spread({ median: 2, min: 1, max: 3 }, "ms"), "2.0 ms (1.0 ms–3.0 ms)");
    assert.equal(spread({ median: 2, min: 2.01, max: 2.02 }, "ms"), "2.0 ms");
  });

  it("compares within a run, not across runs", () => {
    assert.deepEqual(summary.ratios(["throughline", "insert"], [["sqlite-wasm-wal"], ["powersync"]]), [1, 1.2, 1.4]);
    // The run in which PowerSync failed says nothing of it.
    assert.equal(summary.ratios(["throughline", "batch"], [["powersync"]]).length, 2);
  });

  it("says of each goal whether it is met, and of what was not measured nothing", () => {
    const insert = outcome(goal("insert", "sqlite-wasm WAL, bare table"), summary);
    assert.deepEqual({ ...insert, median: insert.median.toFixed(2) }, { median: "1.20", min: 1, max: 1.4, runs: 3, isMet: true });
    assert.equal(outcome(goal("batch", "a bare table of the same engine"), summary).isMet, false);
    assert.equal(outcome(goal("batch", "PowerSync"), summary).isMet, true);
    assert.equal(outcome(goal("bytes", undefined), summary).isMet, true);
    assert.equal(outcome(goal("cold", "PGlite"), summary), null);
  });

  it("is a table of goals and one of each case, with the reason for each gap", () => {
    const page = markdown(summary);
    const line = (start) => page.split("\n").filter((text) => text.startsWith(start));
    assert.deepEqual(line("| one-row insert"), ["| one-row insert through view, triggers and log | sqlite-wasm WAL, bare table | ≤ 1.2× | 1.2× (1.0×–1.4×) | met |"]);
    assert.deepEqual(line("| 10k inserts"), [
      "| 10k inserts in one transaction | a bare table of the same engine | ≤ 2.0× | 2.0× | **not met** |",
      "| 10k inserts in one transaction | PowerSync | ≤ 1.0× | 0.67× | met |",
    ]);
    assert.deepEqual(line("| insert |"), ["| insert | 0.60 ms (0.50 ms–0.70 ms), p95 1.0 ms | **0.50 ms**, p95 1.0 ms | 2.0 ms, p95 3.0 ms |"]);
    assert.deepEqual(line("| batch, bare |"), ["| batch, bare | 100 ms | 90 ms | –<sup>1</sup> |"]);
    assert.deepEqual(line("<sup>1"), ["<sup>1</sup> It has nothing of the kind."]);
    assert.deepEqual(line("Left out"), ["Left out: PGlite (It takes minutes).", "Left out: sqlite-wasm (It has nothing of the kind). Power & Sync (It has nothing of the kind)."]);
    assert.deepEqual(line("## "), ["## Goals", "## Reads and writes", "## Open"]);
  });

  it("says of a busy machine that it was", () => {
    const on = (load) => markdown(new Summary({ results: { ...results, machine: { ...results.machine, load } }, cases, systems, reasons }));
    assert.match(on(7.25), /The machine was busy when it began \(load 7\.3\)/);
    assert.doesNotMatch(on(0.2), /busy/);
  });

  it("says of a system that failed that it did", () => {
    const alone = { ...results, runs: runs.filter(({ system, failure }) => system !== "powersync" || failure) };
    const page = markdown(new Summary({ results: alone, cases, systems, reasons }));
    assert.match(page, /Left out: Power & Sync \(failed: it broke\)/);
  });

  it("draws a bar a system, as long as the figure says", () => {
    const svg = chart(summary);
    const [insert] = svg.split('<text class="title"').filter((panel) => panel.includes("Insert of a row"));
    const widths = [...insert.matchAll(/<rect class="bar" [^>]*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    assert.equal(widths.length, 3);
    assert.ok(Math.abs(widths[2] / widths[0] - 2 / 0.6) < 0.01, `${widths}`);
    assert.match(insert, />wal<.*>Power &amp; Sync</s);
    assert.equal(insert.match(/class="spread"/g).length, 1);
    assert.match(svg, /prefers-color-scheme: dark/);
    // Every element is closed, so that browsers take it for a picture.
    const open = [];
    for (const [, end, name, self] of svg.matchAll(/<(\/?)([\w]+)[^>]*?(\/?)>/g)) {
      if (end) assert.equal(open.pop(), name);
      else if (!self) open.push(name);
    }
    assert.deepEqual(open, []);
  });

  it("draws nothing of what a single system has", () => {
    const alone = { ...results, runs: runs.filter(({ system }) => system === "throughline") };
    assert.doesNotMatch(chart(new Summary({ results: alone, cases, systems, reasons })), /class="title"/);
  });
});
