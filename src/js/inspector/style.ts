/** All of the panel's styles: they stay inside its shadow root, and the page's stay outside. */
export const STYLE = `
:host {
  all: initial;
  --text: #1b1f24; --muted: #57606a; --ground: #ffffff; --raised: #f3f5f8; --line: #c9d1d9;
  --accent: #0550ae; --changed: #fff1c2; --bad: #a40e26; --good: #116329;
  color-scheme: light dark;
  display: block; box-sizing: border-box; color: var(--text); background: var(--ground);
  font: 14px/1.45 system-ui, sans-serif;
}
@media (prefers-color-scheme: dark) {
  :host {
    --text: #e6edf3; --muted: #9aa4af; --ground: #0d1117; --raised: #1a212b; --line: #3a444f;
    --accent: #79b8ff; --changed: #3d3000; --bad: #ffa198; --good: #6bd47f;
  }
}
:host([hidden]) { display: none; }
:host(.floating) {
  position: fixed; inset: auto 0 0 0; height: min(60vh, 40rem); z-index: 2147483000;
  border-top: 2px solid var(--accent); box-shadow: 0 -4px 24px rgb(0 0 0 / 0.25);
}
:host(.inside) { height: 100%; }
:host(.page) { height: 100vh; }
*, *::before, *::after { box-sizing: border-box; }
.panel { display: flex; flex-direction: column; height: 100%; }
header { display: flex; align-items: center; gap: 0.75rem; padding: 0.4rem 0.75rem; background: var(--raised); border-bottom: 1px solid var(--line); }
header h1 { flex: 1; margin: 0; font-size: 1rem; overflow-wrap: anywhere; }
[role="tablist"] { display: flex; overflow-x: auto; background: var(--raised); border-bottom: 1px solid var(--line); }
[role="tab"] { flex: none; border: 0; border-bottom: 3px solid transparent; border-radius: 0; background: none; padding: 0.5rem 0.75rem; }
[role="tab"][aria-selected="true"] { border-bottom-color: var(--accent); font-weight: 600; color: var(--accent); }
.body { flex: 1; min-height: 0; overflow: auto; padding: 0.75rem; }
.said { min-height: 1.5em; margin: 0; padding: 0 0.75rem; color: var(--muted); }
h2 { font-size: 1.05rem; margin: 0.25rem 0 0.5rem; }
h3 { font-size: 1rem; margin: 0.5rem 0; overflow-wrap: anywhere; }
h4 { margin: 0.75rem 0 0.25rem; }
p { margin: 0.4rem 0; overflow-wrap: anywhere; }
button, select, input, textarea {
  font: inherit; color: inherit; background: var(--ground); border: 1px solid var(--muted); border-radius: 0.35rem; padding: 0.3rem 0.6rem; max-width: 100%;
}
button { cursor: pointer; min-height: 2rem; }
button:disabled { color: var(--muted); border-style: dashed; cursor: default; }
button:hover:enabled { border-color: var(--accent); color: var(--accent); }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 1px; }
.link { border: 0; background: none; padding: 0 0.25rem; color: var(--accent); text-decoration: underline; white-space: nowrap; }
.danger { color: var(--bad); border-color: var(--bad); }
.error { color: var(--bad); }
.muted, small { color: var(--muted); }
.actions, .paging { display: flex; flex-wrap: wrap; gap: 0.5rem; align-items: center; }
.scroll { overflow-x: auto; max-width: 100%; }
table { border-collapse: collapse; font-size: 0.93em; }
th, td { border: 1px solid var(--line); padding: 0.2rem 0.5rem; text-align: left; vertical-align: top; max-width: 28rem; overflow-wrap: break-word; }
th { background: var(--raised); white-space: nowrap; }
td { white-space: pre-wrap; }
tr.changed td { background: var(--changed); }
.lines { white-space: pre-wrap; font: 0.9em/1.4 ui-monospace, monospace; }
.badge { display: inline-block; border: 1px solid currentColor; border-radius: 1rem; padding: 0 0.5rem; font-size: 0.85em; font-weight: 600; white-space: nowrap; }
.badge.rejected, .badge.failed { color: var(--bad); }
.badge.live, .badge.accepted, .badge.confirmed, .badge.leads { color: var(--good); }
.badge.pending, .badge.queued, .badge.sending, .badge.waiting { color: var(--accent); }
article { border: 1px solid var(--line); border-radius: 0.5rem; padding: 0.25rem 0.75rem 0.5rem; margin: 0 0 0.75rem; }
article.wanted { border-color: var(--accent); border-width: 2px; }
dl { display: grid; grid-template-columns: minmax(7rem, max-content) 1fr; gap: 0.15rem 0.75rem; margin: 0.25rem 0; }
dt { color: var(--muted); }
dd { margin: 0; overflow-wrap: anywhere; }
pre, textarea, code { font-family: ui-monospace, monospace; font-size: 0.95em; }
pre { margin: 0.4rem 0; overflow-x: auto; white-space: pre-wrap; }
textarea { width: 100%; }
.tables { display: grid; grid-template-columns: minmax(9rem, 14rem) minmax(0, 1fr); gap: 0.75rem; }
.list ul { list-style: none; margin: 0; padding: 0; }
.list button { display: flex; flex-direction: column; width: 100%; text-align: left; border-color: transparent; overflow-wrap: anywhere; }
.list button[aria-current] { border-color: var(--accent); background: var(--raised); }
.row:not(:empty) { border-top: 2px solid var(--accent); margin-top: 0.75rem; padding-top: 0.25rem; }
.plan ul { padding-left: 1.2rem; margin: 0.2rem 0; }
.plan .scan { color: var(--bad); font-weight: 600; }
.plan .scan > ul { color: var(--text); font-weight: 400; }
.field { display: grid; grid-template-columns: minmax(6rem, 12rem) minmax(8rem, 1fr) auto; gap: 0.5rem; align-items: center; }
@media (max-width: 40rem) {
  .tables { grid-template-columns: minmax(0, 1fr); }
  .list ul { display: flex; overflow-x: auto; gap: 0.25rem; }
  .list button { white-space: nowrap; }
  .field { grid-template-columns: minmax(0, 1fr); }
  dl { grid-template-columns: minmax(0, 1fr); }
  dd { margin-bottom: 0.3rem; }
  .body { padding: 0.5rem; }
}
`;
