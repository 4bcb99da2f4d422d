// The script of inspector.html: opens the database that ?name= names as a guest of the tabs that have it open.

import type { Database } from "./client.js";
import { databases } from "./databases.js";
import { h } from "./inspector/dom.js";
import { openPanel } from "./inspector/panel.js";
import { Source } from "./inspector/source.js";
import { openResolved } from "./open.js";
import { ResultReader } from "./parsers.js";

const PAGE_STYLE = `
  :root { color-scheme: light dark; }
  body { margin: 0; font: 16px/1.5 system-ui, sans-serif; }
  .choice { margin: 2rem auto; max-width: 40rem; padding: 0 1rem; }
`;

const sheet = new CSSStyleSheet();
sheet.replaceSync(PAGE_STYLE);
document.adoptedStyleSheets = [sheet];

/**
 * Without options: the tables are those of the file, nothing is asked of a server, and a tab with options goes first, always. Storage in
 * memory would be another one.
 */
function openAsGuest(name: string): Promise<Database> {
  const wire = { name, tables: {}, storage: "opfs", persist: false, connect: true, guest: true as const };
  return openResolved({ wire, functions: [], reader: new ResultReader() });
}

async function begin(): Promise<void> {
  const name = new URLSearchParams(location.search).get("name");
  const known = await databases();
  if (name === null || !known.some((one) => one.name === name)) return choose(name, known.map((one) => one.name));
  document.title = `${name} – Throughline inspector`;
  const host = h("main", { class: "page" });
  document.body.replaceChildren(host);
  openPanel(host, new Source(await openAsGuest(name)), name);
}

/** A name that is not there is not made. */
function choose(missing: string | null, names: string[]): void {
  const link = (name: string) => h("li", {}, h("a", { href: `?${new URLSearchParams({ name })}` }, name));
  document.body.replaceChildren(
    h(
      "main",
      { class: "choice" },
      h("h1", {}, "Throughline inspector"),
      missing === null ? null : h("p", {}, `This browser keeps no database ${JSON.stringify(missing)} for this origin.`),
      names.length > 0 ? h("p", {}, "Its databases:") : h("p", {}, "There is no database yet: open the app first."),
      h("ul", {}, names.map(link)),
    ),
  );
}

begin().catch((error: Error) => {
  document.body.replaceChildren(h("main", { class: "choice" }, h("h1", {}, "Throughline inspector"), h("p", { role: "alert" }, error.message)));
});
