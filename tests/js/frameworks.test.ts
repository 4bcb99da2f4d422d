import assert from "node:assert/strict";
import { test } from "node:test";
import { createElement } from "react";
import { renderToString } from "react-dom/server";
import { createApp, effectScope, nextTick, ref } from "vue";
import { outboxStore } from "../../src/js/frameworks/outbox.js";
import { liveStore, nameOf, questionOf, type AnyDatabase, type LiveQuestion } from "../../src/js/frameworks/store.js";
import type { Database, LiveQuery, Status, ThroughlineError } from "../../src/js/index.js";
import { DatabaseProvider, useLive as useReactLive } from "../../src/js/react.js";
import { live as svelteLive } from "../../src/js/svelte.js";
import { throughline, useLive as useVueLive } from "../../src/js/vue.js";

type Row = { id: number };

/** A live query that the test answers. */
interface Running {
  sql: string;
  params: readonly unknown[];
  tell(rows: Row[]): void;
  fail(error: unknown): void;
  stopped: boolean;
}

/** A database that runs nothing, and what was asked of it. */
function scripted() {
  const running: Running[] = [];
  const statuses = new Set<(status: Status) => void>();
  const reads: string[] = [];
  const answers = { pending: [] as unknown[], rejected: [] as unknown[] };
  const database = {
    live({ sql, params }: LiveQuestion) {
      return {
        subscribe(onChange: (result: { rows: Row[] }) => void, onError: (error: unknown) => void) {
          const one: Running = { sql, params, stopped: false, tell: (rows) => onChange({ rows }), fail: onError };
          running.push(one);
          return () => void (one.stopped = true);
        },
      } as unknown as LiveQuery;
    },
    onStatus(callback: (status: Status) => void) {
      statuses.add(callback);
      return () => void statuses.delete(callback);
    },
    on: () => () => {},
    pending: async () => (reads.push("pending"), answers.pending),
    rejected: async () => (reads.push("rejected"), answers.rejected),
  } as unknown as AnyDatabase & Database;
  return { database, running, reads, answers, changed: () => statuses.forEach((each) => each({} as Status)) };
}

const turn = () => new Promise((resolve) => setTimeout(resolve));
const all: LiveQuestion = { sql: "SELECT * FROM todos", params: [], key: "id" };

test("components that ask the same share one run, which ends after the last of them", async () => {
  const { database, running } = scripted();
  const heard: string[] = [];
  const [one, two] = [liveStore<Row>(database, all), liveStore<Row>(database, { ...all })];
  assert.equal(one, two);
  const stops = [one.subscribe(() => heard.push("one")), two.subscribe(() => heard.push("two"))];
  running[0]?.tell([{ id: 1 }]);
  assert.deepEqual(heard, ["one", "two"]);
  assert.deepEqual(one.get(), { rows: [{ id: 1 }], loading: false, error: undefined });
  for (const stop of [...stops, ...stops]) stop();
  // One component makes way for another: the run goes on.
  const next = liveStore<Row>(database, all).subscribe(() => {});
  await turn();
  assert.deepEqual([running.length, running[0]?.stopped], [1, false]);
  next();
  await turn();
  assert.equal(running[0]?.stopped, true);
  assert.notEqual(liveStore<Row>(database, all), one);
});

test("a failed query is told with the rows it had, and the next subscriber tries anew", async () => {
  const { database, running } = scripted();
  const store = liveStore<Row>(database, all);
  const stop = store.subscribe(() => {});
  running[0]?.tell([{ id: 1 }]);
  running[0]?.fail("no such table");
  assert.deepEqual(store.get(), { rows: [{ id: 1 }], loading: false, error: "no such table" as unknown as ThroughlineError });
  const again = store.subscribe(() => {});
  assert.equal(running.length, 2);
  running[1]?.tell([]);
  assert.deepEqual(store.get(), { rows: [], loading: false, error: undefined });
  stop();
  again();
});

test("questions are told apart by text, parameters and key", () => {
  const names = [
    all,
    { ...all, key: ["id", "list"] },
    ...[1, "1", 1n, null, true, Infinity, -Infinity, new Date(1), new Uint8Array([1]), [1] as never].map((value) => ({ ...all, params: [value] })),
  ].map(nameOf);
  assert.equal(new Set(names).size, names.length);
  assert.equal(nameOf({ ...all, params: [undefined] }), nameOf({ ...all, params: [null] }));
  assert.equal(questionOf(false), undefined);
  assert.deepEqual(questionOf("SELECT ?", [1]), { sql: "SELECT ?", params: [1], key: undefined });
});

test("the outbox is read once for changes that come together, and again for one that came meanwhile", async () => {
  const { database, reads, answers, changed } = scripted();
  const store = outboxStore(database);
  let told = 0;
  const stop = store.subscribe(() => told++);
  answers.pending = [{ number: 1 }];
  changed();
  changed();
  changed();
  await turn();
  assert.deepEqual([reads.length, told], [4, 2]);
  assert.deepEqual(store.get(), { pending: [{ number: 1 }], rejected: [] });
  stop();
  changed();
  await turn();
  assert.equal(reads.length, 4);
});

test("React renders the fallback on a server, and below an open database a query that loads", () => {
  const { database } = scripted();
  const Todos = () => {
    const { rows, loading } = useReactLive<Row>("SELECT * FROM todos");
    const idle = useReactLive<Row>(null);
    return createElement("p", null, `${rows.length} ${loading} ${idle.loading}`);
  };
  const page = (opened: Database | Promise<Database> | undefined) =>
    renderToString(createElement(DatabaseProvider, { database: opened, fallback: "opening" }, createElement(Todos)));
  assert.equal(page(undefined), "opening");
  assert.equal(page(new Promise(() => {})), "opening");
  assert.equal(page(database), "<p>0 true false</p>");
  assert.throws(() => renderToString(createElement(Todos)), /below a <DatabaseProvider>/);
});

test("Vue asks anew when a ref changes, and ends with its scope", async () => {
  const { database, running } = scripted();
  const app = createApp({}).use(throughline, database);
  const list = ref<string | undefined>();
  const scope = effectScope();
  const live = app.runWithContext(() => scope.run(() => useVueLive<Row>(() => list.value && "SELECT ?", () => [list.value])))!;
  assert.deepEqual([live.loading.value, running.length], [false, 0]);
  list.value = "inbox";
  assert.deepEqual([live.loading.value, running[0]?.params], [true, ["inbox"]]);
  running[0]?.tell([{ id: 1 }]);
  assert.deepEqual([live.rows.value, live.loading.value], [[{ id: 1 }], false]);
  list.value = "later";
  await nextTick();
  // The rows of the question before stay until there are others.
  assert.deepEqual([live.rows.value, live.loading.value], [[{ id: 1 }], true]);
  await turn();
  assert.equal(running[0]?.stopped, true);
  scope.stop();
  await turn();
  assert.equal(running[1]?.stopped, true);
});

test("a Svelte store tells the state at once and then each change", async () => {
  const { database, running } = scripted();
  const states: unknown[] = [];
  const stop = svelteLive<Row>(database, all).subscribe(({ rows, loading }) => states.push([rows.length, loading]));
  running[0]?.tell([{ id: 1 }, { id: 2 }]);
  stop();
  running[0]?.tell([]);
  assert.deepEqual(states, [[0, true], [2, false]]);
});
