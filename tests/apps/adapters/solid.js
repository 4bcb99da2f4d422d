import { createComponent, createEffect, createSignal, For } from "solid-js";
import h from "solid-js/h";
import { render } from "solid-js/web";
import { createLive, createOutbox, createStatus, DatabaseProvider } from "throughline/solid";
import { question } from "./question.js";

function List() {
  const [list, setList] = createSignal("inbox");
  app.ask = setList;
  const todos = createLive(() => question(list())[0], () => question(list())[1], { key: "id" });
  const status = createStatus();
  const outbox = createOutbox();
  app.discard = () => app.db.discard(outbox().rejected[0].number);
  createEffect(() => (app.rows = todos().rows));
  return [
    h("ul", () => createComponent(For, { get each() { return todos().rows; }, children: (row) => (app.rendered(row), h("li", row.title)) })),
    h("output#state", () => (todos().error ? todos().error.code : todos().loading ? "loading" : "ready")),
    h("output#status", () => status()?.storage.persistence),
    h("output#outbox", () => `${outbox().pending.length} ${outbox().rejected.map(({ error }) => error.message)}`),
  ];
}

export function mount(db, element) {
  const page = {
    database: db,
    get children() {
      return createComponent(List, {});
    },
  };
  return { unmount: render(() => createComponent(DatabaseProvider, page), element) };
}
