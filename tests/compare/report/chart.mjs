// The comparison as a picture: a panel a measure, a bar a system, readable on light and on dark ground.

import { figure } from "./figures.mjs";

/** What is shown, if it was measured. */
const PANELS = [
  ["open", "bytes", "Download to the first row"],
  ["open", "cold", "Cold open → first row"],
  ["large", "warm100k", "Reopen with 100k rows"],
  ["small", "insert", "Insert of a row, durable"],
  ["small", "batch", "10k inserts, one transaction"],
  ["small", "rows", "5,000 rows as objects"],
  ["large", "top50100", "Ordered top 50 of 100k rows"],
  ["live", "live100x1", "Write → live query of 100 rows"],
  ["live", "live10kx1", "Write → live query of 10k rows"],
  ["sync100k", "sync100k", "First sync of 100k rows"],
  ["remote", "remote", "Another user's write → callback"],
  ["sync100k", "memory100k", "Memory, 100k rows synced"],
];
const COLUMNS = 3;
const CAPTION = "Shorter is better. Medians of all runs; a line spans the least and the largest.";
const PANEL = { width: 300, gap: 24, title: 26, row: 17, label: 112, value: 62 };
const BAR_HEIGHT = 9;

const STYLE = `
  text { font: 11px system-ui, sans-serif; fill: #57606a }
  .title { font-weight: 600; font-size: 12px; fill: #1f2328 }
  .ours text { font-weight: 600; fill: #1f2328 }
  .bar { fill: #afb8c1 } .ours .bar { fill: #2f81f7 }
  .spread { stroke: #57606a; stroke-width: 1 }
  @media (prefers-color-scheme: dark) {
    text { fill: #9198a1 }
    .title, .ours text { fill: #f0f6fc }
    .bar { fill: #525a64 }
    .spread { stroke: #9198a1 }
  }`;

/** The picture as SVG, a panel for each measure that more than one system has. */
export function chart(summary) {
  const panels = PANELS.flatMap(([of, measure, title]) => {
    const one = summary.cases.find(({ id }) => id === of);
    if (!one) return [];
    const bars = summary.systems.map((system) => ({ system, ...summary.cell(system, one, measure) })).filter(({ median }) => median !== undefined);
    return bars.length > 1 ? [{ title, unit: one.measures[measure].unit, bars }] : [];
  });
  const rows = Array.from({ length: Math.ceil(panels.length / COLUMNS) }, (_, row) => panels.slice(row * COLUMNS, (row + 1) * COLUMNS));
  let top = 0;
  const drawn = rows.map((row) => {
    const parts = row.map((panel, column) => draw(panel, column * (PANEL.width + PANEL.gap), top));
    top += PANEL.title + Math.max(...row.map(({ bars }) => bars.length)) * PANEL.row + PANEL.gap;
    return parts.join("\n");
  });
  const width = COLUMNS * PANEL.width + (COLUMNS - 1) * PANEL.gap;
  const height = top + 8;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="Throughline beside its peers">
<style>${STYLE}
</style>
${drawn.join("\n")}
<text y="${top}">${CAPTION}</text>
</svg>
`;
}

function draw({ title, unit, bars }, left, top) {
  const room = PANEL.width - PANEL.label - PANEL.value;
  const most = Math.max(...bars.map(({ max }) => max));
  const x = (value) => (PANEL.label + (value / most) * room).toFixed(1);
  const lines = bars.map(({ system, median, min, max }, row) => {
    const middle = PANEL.title + row * PANEL.row + PANEL.row / 2;
    const wide = Math.max(1, (median / most) * room).toFixed(1);
    return `<g${system.id === "throughline" ? ' class="ours"' : ""}>
<text x="${PANEL.label - 6}" y="${middle + 4}" text-anchor="end">${escaped(system.short ?? system.title)}</text>
<rect class="bar" x="${PANEL.label}" y="${middle - BAR_HEIGHT / 2}" width="${wide}" height="${BAR_HEIGHT}" rx="2"/>
${max > min ? `<line class="spread" x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}"/>\n` : ""}<text x="${(Number(x(max)) + 5).toFixed(1)}" y="${middle + 4}">${figure(median, unit)}</text>
</g>`;
  });
  return `<g transform="translate(${left} ${top})">\n<text class="title" y="14">${escaped(title)}</text>\n${lines.join("\n")}\n</g>`;
}

const escaped = (text) => text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
