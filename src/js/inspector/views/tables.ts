import { h, table } from "../dom.js";
import { keyText, type TableInfo } from "../source.js";
import { counted, quoted, show } from "../values.js";
import { Painting, type Around, type View } from "../view.js";
import { rowView } from "./row.js";

/** So many rows at once. */
const PAGE = 50;

/** The tables with their rows, and why a row looks as it does. */
export function tablesView(around: Around): View {
  const { source } = around;
  const list = h("nav", { class: "list", "aria-label": "Tables" });
  const rows = h("section", { class: "rows", "aria-label": "Rows" });
  const [listed, painted] = [new Painting(list), new Painting(rows)];
  const row = rowView(around);
  const element = h("div", { class: "tables" }, list, h("div", {}, rows, row.element));
  let chosen: string | undefined;
  let offset = 0;

  const choose = (name: string) => {
    [chosen, offset] = [name, 0];
    row.clear();
    void around.attempt(refresh);
  };

  async function refresh(): Promise<void> {
    const tables = await source.tables();
    if (!tables.some(({ name }) => name === chosen)) chosen = tables[0]?.name;
    const counts = await Promise.all(tables.map(({ name }) => source.query(`SELECT count(*) FROM ${quoted(name)}`)));
    const shown = tables.map(({ name, key }, at) => ({ name, synced: key.length > 0, count: counts[at]?.rows[0]?.[0] as number }));
    listed.paint([shown, chosen], () => [
      h(
        "ul",
        {},
        shown.map(({ name, synced, count }) =>
          h(
            "li",
            {},
            h(
              "button",
              { onclick: () => choose(name), "aria-current": name === chosen ? "true" : undefined, "data-key": name, "data-table": name },
              h("span", {}, name),
              h("small", {}, `${counted(count, "row")}${synced ? "" : ", local only"}`),
            ),
          ),
        ),
      ),
    ]);
    const info = tables.find(({ name }) => name === chosen);
    if (info) await showRows(info, shown.find(({ name }) => name === chosen)?.count ?? 0);
    await row.refresh();
  }

  async function showRows(info: TableInfo, count: number): Promise<void> {
    const order = info.key.length > 0 ? ` ORDER BY ${info.key.map(quoted).join(", ")}` : "";
    const page = await source.query(`SELECT * FROM ${quoted(info.name)}${order} LIMIT ${PAGE} OFFSET ${offset}`);
    const writes = await source.writes(info);
    const gone = info.key.length > 0 ? await source.query(`SELECT ${info.key.map(quoted).join(", ")} FROM ${quoted(`${info.name}_local`)} WHERE is_deleted`) : undefined;
    painted.paint([info.name, page, [...writes], gone, offset, count], () => {
      const keyOf = (cells: unknown[]) => info.key.map((column) => cells[page.columns.indexOf(column)]);
      const opener = (key: unknown[], text: string) =>
        h("button", { class: "link", onclick: () => void around.attempt(() => row.explain(info, key)), "data-key": keyText(key) }, text);
      const state = (key: unknown[]) => writes.get(keyText(key));
      const explained = info.key.length > 0;
      const cells = page.rows.map((values) => [
        ...(explained ? [opener(keyOf(values), "Explain"), badge(state(keyOf(values)))] : []),
        ...values.map((value) => show(value, 80)),
      ]);
      const mark = (at: number) => ({ class: state(keyOf(page.rows[at] ?? [])) ? "changed" : undefined });
      return [
        h("h2", {}, info.name),
        table(`Rows of ${info.name}`, [...(explained ? ["Why?", "Write"] : []), ...page.columns], cells, mark),
        h(
          "p",
          { class: "paging" },
          h("button", { disabled: offset === 0, onclick: () => turn(-PAGE), "data-key": "previous" }, "Previous"),
          h("span", {}, count === 0 ? "No rows" : `${offset + 1} to ${offset + page.rows.length} of ${count}`),
          h("button", { disabled: offset + page.rows.length >= count, onclick: () => turn(PAGE), "data-key": "next" }, "Next"),
        ),
        gone && gone.rows.length > 0
          ? h("p", {}, "Deleted here, and not yet by the server: ", gone.rows.map((key) => opener(key, `${key.map((part) => show(part)).join(", ")} `)))
          : null,
      ];
    });
  }

  const turn = (by: number) => {
    offset = Math.max(0, offset + by);
    void around.attempt(refresh);
  };

  return { element, refresh };
}

function badge(state: string | undefined): HTMLElement | null {
  return state ? h("span", { class: `badge ${state}` }, state) : null;
}
