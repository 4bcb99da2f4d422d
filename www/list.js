// The todo list: one live query, and the state of each row's transactions.

import { byTestId, fromTemplate, toast } from "./dom.js";
import { follow } from "./follow.js";

const INSERT = "INSERT INTO todos (id, title, completed, created_at) VALUES (?, ?, ?, ?)";
const SELECTS = {
  all: ["SELECT * FROM todos ORDER BY created_at DESC, id LIMIT 500", []],
  open: ["SELECT * FROM todos WHERE completed = ? ORDER BY created_at DESC, id LIMIT 500", [false]],
  done: ["SELECT * FROM todos WHERE completed = ? ORDER BY created_at DESC, id LIMIT 500", [true]],
};
const COUNTS = "SELECT count(*) AS total, count(*) FILTER (WHERE completed) AS done FROM todos";
const EMPTY = { all: "Nothing to do. Add the first todo above.", open: "Everything is done.", done: "Nothing is done yet." };

export function showList(db) {
  const list = document.querySelector(".todos");
  const items = new Map();
  let filter = "all";
  let rows;
  let stop;

  const show = (name) => {
    filter = name;
    for (const button of document.querySelectorAll("[data-filter]")) {
      button.setAttribute("aria-pressed", String(button.dataset.filter === name));
    }
    stop?.();
    const take = (result) => {
      rows = result.rows;
      refresh();
    };
    stop = follow(db, db.live(...SELECTS[name], { key: "id" }), take, (error) => {
      if (rows) return toast(error);
      showEmpty("Waiting for the first sync: the columns of this list come from the server.");
    });
  };

  // Rows and journal are read one after the other and drawn together, so that no row looks confirmed for a moment.
  const refresh = coalesce(async () => {
    const [pending, rejected] = await Promise.all([db.pending(), db.rejected()]);
    if (rows) draw(db, list, items, rows, statesOf(pending), rejected, filter);
  });

  wireAdd(db);
  wireFilters(db, show);
  for (const event of ["accepted", "confirmed", "rejected"]) db.on(event, refresh);
  db.onStatus(refresh);
  show(filter);
  document.querySelector(".list").hidden = false;
  // On a phone it would open the keyboard.
  if (matchMedia("(hover: hover)").matches) byTestId("new-title").focus({ preventScroll: true });
}

/** The state of each row with transactions on their way: the least advanced of them counts. */
function statesOf(pending) {
  const states = new Map();
  for (const { state, changes } of pending) {
    for (const { table, key } of changes) {
      if (table !== "todos") continue;
      const id = String(key[0]);
      if (state !== "accepted" || !states.has(id)) states.set(id, state);
    }
  }
  return states;
}

function draw(db, list, items, rows, states, rejected, filter) {
  const refusals = new Map(rejected.map((transaction) => [rowOf(transaction), transaction]));
  const wanted = [];
  const present = new Set(rows.map((row) => row.id));
  for (const transaction of rejected) {
    // A refused insert has no row any more: it stands on its own, on top.
    if (!present.has(rowOf(transaction))) wanted.push(ghost(db, items, transaction));
  }
  for (const row of rows) {
    let item = items.get(row.id);
    if (!item) items.set(row.id, (item = makeItem(db, row)));
    fill(db, item, row, states.get(row.id), refusals.get(row.id));
    wanted.push(item);
  }
  const keep = new Set(wanted);
  for (const [key, item] of items) {
    if (keep.has(item)) continue;
    item.remove();
    items.delete(key);
  }
  wanted.forEach((item, index) => {
    // Moving an element takes the focus from what is in it, so only what is out of place moves.
    if (list.children[index] !== item) list.insertBefore(item, list.children[index] ?? null);
  });
  showEmpty(wanted.length > 0 ? "" : EMPTY[filter]);
}

function showEmpty(text) {
  const empty = byTestId("empty");
  empty.textContent = text;
  empty.hidden = text === "";
}

const rowOf = (transaction) => String(transaction.changes[0]?.key[0]);

const STATE_TEXT = { queued: "waiting", sending: "sending", accepted: "accepted" };

function makeItem(db, { id }) {
  const item = fromTemplate("todo");
  item.dataset.id = id;
  const run = (sql, params) => db.execute(sql, params).catch(toast);
  const toggle = byTestId("toggle", item);
  toggle.addEventListener("change", () => {
    db.execute("UPDATE todos SET completed = ? WHERE id = ?", [toggle.checked, id]).catch((error) => {
      toggle.checked = item.row.completed === true;
      toast(error);
    });
  });
  byTestId("delete", item).addEventListener("click", () => {
    const next = item.nextElementSibling ?? item.previousElementSibling;
    ((next && byTestId("toggle", next)) ?? byTestId("new-title")).focus();
    run("DELETE FROM todos WHERE id = ?", [id]);
  });
  wireEdit(item, (title) => run("UPDATE todos SET title = ? WHERE id = ?", [title, id]));
  return item;
}

function wireEdit(item, save) {
  const title = byTestId("title", item);
  const input = byTestId("edit-input", item);
  const close = (keep) => {
    if (input.hidden) return;
    const hadFocus = document.activeElement === input;
    input.hidden = true;
    title.hidden = false;
    if (hadFocus) title.focus();
    if (keep && input.value !== item.row.title) save(input.value);
  };
  title.addEventListener("click", () => {
    input.value = item.row.title ?? "";
    title.hidden = true;
    input.hidden = false;
    input.focus();
    input.select();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || !["Enter", "Escape"].includes(event.key)) return;
    // Else the same Enter would press the title, which has the focus by then.
    event.preventDefault();
    close(event.key === "Enter");
  });
  input.addEventListener("blur", () => close(true));
}

function fill(db, item, row, state, refusal) {
  const shown = refusal ? "rejected" : state === "accepted" ? "accepted" : state ? "pending" : "confirmed";
  if (item.row === row && item.state === state && item.refusal?.number === refusal?.number) return;
  item.row = row;
  item.state = state;
  item.dataset.state = shown;
  item.classList.toggle("done", row.completed === true);
  const title = byTestId("title", item);
  title.textContent = row.title || "(no title)";
  title.classList.toggle("untitled", !row.title);
  const toggle = byTestId("toggle", item);
  toggle.checked = row.completed === true;
  toggle.setAttribute("aria-label", `Done: ${row.title || "no title"}`);
  byTestId("delete", item).setAttribute("aria-label", `Delete: ${row.title || "no title"}`);
  byTestId("state", item).textContent = STATE_TEXT[state] ?? "";
  if (item.refusal?.number === refusal?.number) return;
  item.refusal = refusal;
  byTestId("rejected", item)?.remove();
  if (refusal) item.append(makeRefusal(db, refusal));
}

function ghost(db, items, transaction) {
  const key = `rejected ${transaction.number}`;
  let item = items.get(key);
  if (item) return item;
  item = document.createElement("li");
  item.className = "ghost";
  item.dataset.testid = "todo";
  item.dataset.id = rowOf(transaction);
  item.dataset.state = "rejected";
  item.append(makeRefusal(db, transaction));
  items.set(key, item);
  return item;
}

function makeRefusal(db, transaction) {
  const element = fromTemplate("refusal");
  element.querySelector("strong").textContent = `${describe(transaction)} was refused.`;
  byTestId("reason", element).textContent = transaction.error?.message ?? "The server gave no reason.";
  byTestId("retry", element).addEventListener("click", () => db.retry(transaction.number).catch(toast));
  byTestId("discard", element).addEventListener("click", () => db.discard(transaction.number).catch(toast));
  if (transaction.changes.some(({ value }) => "title" in value)) wireCorrect(db, element, transaction);
  return element;
}

/** Lets a refused title be put right: the transaction goes again as a new one, with what else it did. */
function wireCorrect(db, element, { number, changes }) {
  const button = byTestId("correct", element);
  const input = byTestId("correct-input", element);
  const change = changes.find(({ value }) => "title" in value);
  button.hidden = false;
  button.addEventListener("click", () => {
    button.hidden = true;
    input.hidden = false;
    input.value = change.value.title ?? "";
    input.focus();
  });
  input.addEventListener("keydown", (event) => {
    if (event.isComposing || event.key !== "Enter") return;
    const corrected = { ...change, value: { ...change.value, title: input.value.trim() } };
    db.edit(number, changes.map((one) => (one === change ? corrected : one))).catch(toast);
  });
}

function describe({ changes }) {
  const [first] = changes;
  const title = first?.value.title;
  const named = title === undefined ? "" : title === "" ? " an empty title" : ` “${title}”`;
  if (changes.length > 1) return `A change of ${changes.length} rows`;
  switch (first?.operation) {
    case "insert":
      return title === "" ? "Adding an empty todo" : `Adding${named}`;
    case "delete":
      return "Deleting this";
    default:
      return title === undefined ? "Ticking this" : `Renaming to${named}`;
  }
}

function wireAdd(db) {
  document.querySelector(".add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = byTestId("new-title");
    const title = input.value.trim();
    input.value = "";
    input.focus();
    try {
      await db.execute(INSERT, [crypto.randomUUID(), title, false, new Date()]);
    } catch (error) {
      input.value ||= title;
      toast(error);
    }
  });
}

function wireFilters(db, show) {
  const button = (name) => byTestId(`filter-${name}`);
  for (const name of Object.keys(SELECTS)) button(name).addEventListener("click", () => show(name));
  const clear = byTestId("clear-done");
  clear.addEventListener("click", () => {
    const statement = { sql: "DELETE FROM todos WHERE completed = ?", params: [true] };
    db.batch([statement], { meta: { label: "clear done" } }).catch(toast);
  });
  const take = ({ rows: [{ total, done }] }) => {
    const counts = { all: total, open: total - done, done };
    for (const [name, count] of Object.entries(counts)) button(name).querySelector("span").textContent = count;
    clear.hidden = done === 0;
  };
  follow(db, db.live(COUNTS), take, console.warn);
}

/** Runs again once, after the run under way, however often it is asked to meanwhile. */
function coalesce(run) {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await run().catch(toast);
    }
    running = false;
  };
}
