import type { Database } from "../../client.js";
import type { ChangeRecord, TransactionRecord } from "../../protocol.js";
import { h, table } from "../dom.js";
import { counted, moment, same, show } from "../values.js";
import { Painting, type Around, type View } from "../view.js";
import { editForm } from "./edit.js";

/** Transactions on their way, and those that the server refused. */
export function outboxView({ source, attempt, say }: Around): View {
  const [pending, rejected] = [h("section", { "aria-label": "Pending" }), h("section", { "aria-label": "Rejected" })];
  const [onTheirWay, refused] = [new Painting(pending), new Painting(rejected)];
  const element = h("div", {}, rejected, pending);
  const db: Database<any> = source.db;
  /** The transaction that is being edited: its form is left alone. */
  let editing: number | undefined;
  let wanted: number | undefined;

  async function refresh(): Promise<void> {
    const [waiting, refusals] = await Promise.all([db.pending(), db.rejected()]);
    const now = await serversValues(waiting);
    onTheirWay.paint([waiting, now, wanted], () => [h("h2", {}, `Pending (${waiting.length})`), ...waiting.map((record) => card(record, now))]);
    if (editing !== undefined && refusals.some(({ number }) => number === editing)) return;
    refused.paint([refusals, wanted], () => [h("h2", {}, `Rejected (${refusals.length})`), ...refusals.map((record) => card(record, new Map(), actions(record)))]);
  }

  /** What the server's rows hold that pending writes are about. */
  async function serversValues(records: readonly TransactionRecord[]): Promise<Map<ChangeRecord, Record<string, unknown> | undefined>> {
    const tables = await source.tables();
    const changes = records.flatMap((record) => record.changes).slice(0, 100);
    const found = changes.map(async (change) => {
      const info = tables.find(({ name, key }) => name === change.table && key.length > 0);
      const layers = info && (await source.layers(info, change.key as never[]));
      return [change, layers?.synced] as const;
    });
    return new Map(await Promise.all(found));
  }

  const actions = (record: TransactionRecord) => {
    const { number } = record;
    const done = (what: string) => (work: () => Promise<unknown>) => () =>
      void attempt(async () => {
        await work();
        say(`#${number} ${what}`);
        await refresh();
      });
    const place = h("div", {});
    const edit = () => {
      editing = number;
      const close = () => {
        editing = undefined;
        place.replaceChildren();
      };
      const save = (changes: ChangeRecord[]) =>
        attempt(async () => {
          await db.edit(number, changes);
          close();
          say(`#${number} was put right and is sent again`);
          await refresh();
        });
      place.replaceChildren(editForm(record, save, close));
      place.querySelector<HTMLElement>("input")?.focus();
    };
    return h(
      "div",
      {},
      h(
        "p",
        { class: "actions" },
        h("button", { onclick: done("is sent again")(() => db.retry(number)), "data-key": `retry ${number}` }, "Retry"),
        h("button", { onclick: done("is sent again, with what it took along")(() => db.retry(number, { dependents: true })), "data-key": `retry all ${number}` }, "Retry with dependents"),
        h("button", { onclick: edit, "data-key": `edit ${number}` }, "Edit"),
        h("button", { class: "danger", onclick: done("is discarded")(() => db.discard(number)), "data-key": `discard ${number}` }, "Discard"),
      ),
      place,
    );
  };

  const card = (record: TransactionRecord, now: Map<ChangeRecord, Record<string, unknown> | undefined>, more?: HTMLElement) =>
    h(
      "article",
      { class: record.number === wanted ? "wanted" : undefined, "data-transaction": record.number, "aria-label": `Transaction ${record.number}` },
      h("h3", {}, `#${record.number} `, h("span", { class: `badge ${record.state}` }, record.state)),
      h(
        "p",
        { class: "muted" },
        `made at ${moment(record.createdAt)}, sent ${counted(record.attempts, "time")}`,
        record.meta ? `, ${JSON.stringify(record.meta)}` : "",
        record.causedBy === null ? "" : `, taken along by #${record.causedBy}`,
      ),
      record.error ? h("p", { class: "error" }, `${record.error.code}: ${record.error.message}`) : null,
      record.changes.map((change) => changeTable(change, record.state === "rejected" ? change.synced : now.get(change))),
      more,
    );

  return {
    element,
    refresh,
    show(about) {
      wanted = about as number;
      void attempt(refresh).then(() => element.querySelector(`[data-transaction="${wanted}"]`)?.scrollIntoView({ block: "nearest" }));
    },
  };
}

function changeTable({ table: name, operation, key, value, base }: ChangeRecord, synced: Record<string, unknown> | null | undefined): HTMLElement {
  const columns = Object.keys(operation === "delete" ? (base ?? {}) : value);
  return h(
    "div",
    {},
    h("p", {}, `${operation} ${name} ${key.map((part) => show(part)).join(", ")}`),
    table(
      `${operation} ${name}`,
      ["Column", "Before (base)", "Written", "Server now"],
      columns.map((column) => [
        column,
        base && column in base ? show(base[column]) : "–",
        operation === "delete" ? "–" : show(value[column]),
        synced ? show(synced[column]) : "–",
      ]),
      (at) => ({ class: synced && !same(synced[columns[at] as string], value[columns[at] as string]) ? "changed" : undefined }),
    ),
  );
}
