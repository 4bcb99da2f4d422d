import { h } from "./dom.js";
import type { Source } from "./source.js";
import { STYLE } from "./style.js";
import type { Around, View } from "./view.js";
import { consoleView } from "./views/console.js";
import { databaseView } from "./views/database.js";
import { liveView } from "./views/live.js";
import { outboxView } from "./views/outbox.js";
import { shapesView } from "./views/shapes.js";
import { tablesView } from "./views/tables.js";
import { tabsView } from "./views/tabs.js";
import { traceView } from "./views/trace.js";

/** What tells nothing by itself is looked at this often, while somebody can see it. */
const LOOK_MS = 1_000;

/** The panel inside `host`, which gets a shadow root; the result ends it. */
export function openPanel(host: HTMLElement, source: Source, name: string, onClose?: () => void): () => void {
  const said = h("p", { class: "said", role: "status" });
  const body = h("div", { class: "body" });
  let over = false;

  const around: Around = {
    source,
    go: (view, about) => show(view, about),
    say: (message) => (said.textContent = message),
    async attempt(work) {
      try {
        await work();
      } catch (error) {
        const { code, message } = error as { code?: string; message: string };
        if (!over) said.textContent = code ? `${code}: ${message}` : message;
      }
    },
  };
  const views: Record<string, [title: string, view: View]> = {
    tables: ["Tables", tablesView(around)],
    outbox: ["Outbox", outboxView(around)],
    shapes: ["Shapes", shapesView(around)],
    live: ["Live queries", liveView(around)],
    tabs: ["Tabs", tabsView(around)],
    trace: ["Trace", traceView(around)],
    console: ["SQL", consoleView(around)],
    database: ["Database", databaseView(around, name)],
  };
  const ids = Object.keys(views);
  let current = "tables";

  const tabs = ids.map((id) =>
    h("button", { role: "tab", id: `tab-${id}`, "aria-controls": "view", "data-view": id, onclick: () => show(id) }, views[id]?.[0]),
  );
  const onkeydown = (event: KeyboardEvent) => {
    const to = { ArrowRight: 1, ArrowLeft: -1, Home: -ids.length, End: ids.length }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const at = Math.abs(to) > 1 ? (to < 0 ? 0 : ids.length - 1) : (ids.indexOf(current) + to + ids.length) % ids.length;
    show(ids[at] as string);
    tabs[at]?.focus();
  };

  const look = () => void around.attempt(async () => views[current]?.[1].refresh());
  function show(id: string, about?: unknown): void {
    current = id;
    for (const tab of tabs) {
      const selected = tab.dataset["view"] === id;
      tab.setAttribute("aria-selected", String(selected));
      tab.tabIndex = selected ? 0 : -1;
      if (selected) tab.scrollIntoView?.({ block: "nearest", inline: "nearest" });
    }
    const view = views[id]?.[1];
    if (!view) return;
    said.textContent = "";
    const shown = h("div", { id: "view", role: "tabpanel", "aria-labelledby": `tab-${id}` }, view.element);
    body.replaceChildren(shown);
    if (about === undefined) look();
    else view.show?.(about);
  }

  const root = host.attachShadow({ mode: "open" });
  // Not a <style>: a strict Content-Security-Policy refuses those.
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(STYLE);
  root.adoptedStyleSheets = [sheet];
  const close = onClose && h("button", { onclick: () => onClose(), "data-key": "close" }, "Close");
  root.append(
    h(
      "section",
      { class: "panel", "aria-label": "Throughline inspector" },
      h("header", {}, h("h1", {}, "Inspector: ", name), close),
      h("div", { role: "tablist", "aria-label": "Views", onkeydown }, tabs),
      said,
      body,
    ),
  );

  // One look at a time: a slow one is not overtaken by the next.
  let looking: Promise<unknown> | undefined;
  const lookInTurn = () => {
    if (over || source.ended || document.visibilityState === "hidden") return;
    looking ??= around.attempt(async () => views[current]?.[1].refresh()).finally(() => (looking = undefined));
  };
  const timer = setInterval(lookInTurn, LOOK_MS);
  const unfollow = source.db.onStatus(lookInTurn);
  show(current);
  return () => {
    over = true;
    clearInterval(timer);
    unfollow();
  };
}
