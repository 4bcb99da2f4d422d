import { createElement as h, memo, StrictMode, Suspense, useState } from "react";
import { createRoot } from "react-dom/client";
import { DatabaseProvider, useLive, useOutbox, useStatus } from "throughline/react";
import { question } from "./question.js";

const Item = memo(({ row }) => {
  app.rendered(row);
  return h("li", null, row.title);
});

function List() {
  const [list, setList] = useState("inbox");
  app.ask = setList;
  const { rows, loading, error } = useLive(...question(list));
  app.rows = rows;
  return h("section", null,
    h("ul", null, rows.map((row) => h(Item, { key: row.id, row }))),
    h("output", { id: "state" }, error ? error.code : loading ? "loading" : "ready"));
}

function Outbox() {
  const status = useStatus();
  const { pending, rejected, discard } = useOutbox();
  app.discard = () => discard(rejected[0].number);
  return h("section", null,
    h("output", { id: "status" }, status?.storage.persistence),
    h("output", { id: "outbox" }, `${pending.length} ${rejected.map(({ error }) => error.message)}`));
}

function Suspended() {
  const { rows } = useLive("SELECT count(*) AS n FROM todos", [], { suspense: true });
  return h("output", { id: "suspended" }, `${rows[0].n} rows`);
}

export function mount(db, element) {
  const root = createRoot(element);
  const page = (...children) => h(StrictMode, null, h(DatabaseProvider, { database: db }, ...children));
  root.render(page(h(List), h(Outbox)));
  return {
    // By a database that is still about to open: the provider shows its fallback first.
    suspend: () =>
      root.render(h(StrictMode, null,
        h(DatabaseProvider, { database: Promise.resolve(db), fallback: h("output", { id: "opening" }) },
          h(Suspense, { fallback: h("output", { id: "fallback" }) }, h(Suspended))))),
    unmount: () => root.unmount(),
  };
}
