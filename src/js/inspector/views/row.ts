import { h, table } from "../dom.js";
import { columnsOf, explain, type Intent, type Layers } from "../explain.js";
import type { TableInfo } from "../source.js";
import { show } from "../values.js";
import { Painting, type Around } from "../view.js";

/** One row: the server's, the shadow row and what the app sees, side by side. */
export interface RowView {
  readonly element: HTMLElement;
  explain(info: TableInfo, key: unknown[]): Promise<void>;
  refresh(): Promise<void>;
  clear(): void;
}

export function rowView({ source, go }: Around): RowView {
  const element = h("section", { class: "row", "aria-label": "Why does this row look so?", "data-part": "row" });
  const painting = new Painting(element);
  let shown: { info: TableInfo; key: unknown[] } | undefined;

  async function refresh(): Promise<void> {
    const asked = shown;
    if (!asked) return painting.paint(null, () => []);
    const layers = await source.layers(asked.info, asked.key);
    if (asked === shown) painting.paint([asked, layers], () => content(asked.info.name, asked.key, layers));
  }

  const content = (name: string, key: unknown[], layers: Layers) => {
    const columns = columnsOf(layers);
    const cell = (row: unknown, value: unknown) => (row ? show(value) : h("span", { class: "muted" }, "no row"));
    return [
      h("h3", { tabindex: "-1", "data-key": "row" }, `Why does ${name} ${key.map((part) => show(part)).join(", ")} look so?`),
      h("div", { "data-part": "reasons" }, explain(layers).map((sentence) => h("p", {}, sentence))),
      table(
        "The row in its layers",
        ["Column", "Synced (server)", "Shadow (local)", "Merged (the app sees)", "Written by"],
        columns.map((column) => [
          column.name,
          cell(layers.synced, column.synced),
          cell(layers.local, column.local),
          cell(layers.merged, column.merged),
          h("span", {}, column.changed ? "changed " : "", column.by.map((number) => `#${number} `).join("")),
        ]),
        (at) => ({ class: columns[at]?.changed ? "changed" : undefined, "data-column": columns[at]?.name }),
      ),
      layers.intents.length > 0 ? h("h4", {}, "Its writes") : null,
      layers.intents.length > 0 ? intents(layers.intents) : null,
    ];
  };

  const intents = (all: readonly Intent[]) =>
    table(
      "Writes of the row",
      ["Transaction", "State", "What", "Columns"],
      all.map(({ transaction, state, operation, value, base }, at) => [
        h("button", { class: "link", onclick: () => go("outbox", transaction), "data-key": `intent ${at}` }, `#${transaction}`),
        h("span", { class: `badge ${state}` }, state),
        operation,
        Object.entries(value)
          .map(([name, written]) => `${name}: ${base ? `${show(base[name], 40)} → ` : ""}${show(written, 40)}`)
          .join("; "),
      ]),
    );

  return {
    element,
    refresh,
    async explain(info, key) {
      shown = { info, key };
      await refresh();
      element.querySelector<HTMLElement>("h3")?.focus();
      element.scrollIntoView({ block: "nearest" });
    },
    clear() {
      shown = undefined;
      void refresh();
    },
  };
}
