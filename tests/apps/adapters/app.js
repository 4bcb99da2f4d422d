// One list, shown by each framework in turn: what the test calls from outside, and what it looks at.

import { open } from "throughline";

const shown = {
  react: () => import("./react.js"),
  vue: () => import("./vue.js"),
  svelte: () => import("./svelte.js"),
  solid: () => import("./solid.js"),
};

const columns = { id: "text", list: "text", title: "text" };

globalThis.app = {
  /** How often the part of the page that shows a row was rendered, by the row's id. */
  renders: {},
  /** The result as the component got it last. */
  rows: [],
  /** Live queries that run, and how many were started. */
  running: 0,
  started: 0,

  async start(framework) {
    const db = await open({
      name: framework,
      storage: "memory",
      tables: { todos: { columns, primaryKey: ["id"] } },
      write: {
        send: async (transactions) => ({ transactions: transactions.map(verdict) }),
      },
    });
    count(db);
    app.db = db;
    const titles = [["1", "inbox", "one"], ["2", "inbox", "two"], ["3", "later", "three"]];
    await db.batch(titles.map((params) => ({ sql: "INSERT INTO todos VALUES (?, ?, ?)", params })));
    const { mount } = await shown[framework]();
    // `ask` shows the rows of another list, of none (null), or of a table that is not there ("broken").
    Object.assign(app, await mount(db, document.getElementById("root")));
  },

  /** For a component: notes that a row was rendered. */
  rendered(row) {
    app.renders[row.id] = (app.renders[row.id] ?? 0) + 1;
  },
};

function verdict({ id, meta }) {
  return meta?.refused ? { id, status: "rejected", error: { code: "refused", message: "not here" } } : { id, status: "accepted" };
}

function count(db) {
  const live = db.live;
  db.live = (...about) => {
    const query = live.apply(db, about);
    const subscribe = query.subscribe;
    query.subscribe = (onChange, onError) => {
      let running = true;
      const end = () => {
        if (running) app.running--;
        running = false;
      };
      app.started++;
      app.running++;
      const stop = subscribe.call(query, onChange, (error) => (end(), onError(error)));
      return () => (end(), stop());
    };
    return query;
  };
}
