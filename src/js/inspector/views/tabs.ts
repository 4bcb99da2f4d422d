import { h, table } from "../dom.js";
import { span } from "../values.js";
import { Painting, type Around, type View } from "../view.js";

/** The tabs that have the database open: which leads, and who waits for the lock. */
export function tabsView({ source }: Around): View {
  const element = h("div", {});
  const painting = new Painting(element);

  async function refresh(): Promise<void> {
    const tabs = await source.request({ type: "tabs" });
    const waiting = await queue();
    painting.paint([tabs, waiting], () => [
      table(
        "Tabs",
        ["Tab", "Part", "For", "Page", "Place in the queue"],
        tabs.map(({ number, id, asks, visible, since }) => [
          h("code", { title: id }, id.slice(0, 8), "….", id.split(".").at(-1) ?? "", asks ? " (this one)" : ""),
          h("span", { class: `badge ${number === 0 ? "leads" : "follows"}` }, number === 0 ? "leads" : `follows as number ${number}`),
          span(Math.floor(since / 1_000) * 1_000),
          visible ? "visible" : "hidden, or a guest",
          number === 0 ? "–" : place(waiting, id),
        ]),
        (at) => ({ "data-tab": tabs[at]?.number, "data-id": tabs[at]?.id }),
      ),
      h("p", { class: "muted" }, "The tab that leads has the database file and talks to the servers; the others ask it. When it goes, the first in the queue takes over."),
    ]);
  }

  /** Who waits for the leader's lock, in order, as the browser tells: each by the name of its own lock. */
  async function queue(): Promise<string[]> {
    const { pending = [], held = [] } = (await navigator.locks?.query()) ?? {};
    const own = held.map(({ name = "", clientId }) => ({ clientId, at: name.lastIndexOf(":"), name })).filter(({ name }) => name.startsWith("throughline:"));
    return pending
      .filter(({ mode }) => mode === "exclusive")
      .map(({ name, clientId }) => own.find((lock) => lock.clientId === clientId && lock.name.startsWith(`${name}:`))?.name)
      .filter((name) => name !== undefined);
  }

  const place = (waiting: string[], id: string) => {
    const at = waiting.findIndex((name) => name.endsWith(`:${id}`));
    return at < 0 ? "none" : String(at + 1);
  };

  return { element, refresh };
}
