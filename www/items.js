// The items on screen: those of the open list, or what a search finds in all lists.

import { byTestId, remembered, toast } from "./dom.js";
import { isFull } from "./engine.js";
import { follow } from "./follow.js";
import { between } from "./position.js";
import { questions } from "./questions.js";
import { wireReorder } from "./reorder.js";
import { fillRow, flash, makeRow } from "./row.js";
import { virtualList } from "./virtual.js";

const INSERT = "INSERT INTO items (id, list_id, title, completed, position, created_at) VALUES (?, ?, ?, ?, ?, ?)";
const FIRST = "SELECT position FROM items WHERE list_id = ? ORDER BY position, id LIMIT 1";
const CLEAR_DONE = "DELETE FROM items WHERE id IN (SELECT id FROM items WHERE list_id = ? AND completed = 1 LIMIT ?)";
/** A transaction goes as one, and a server takes no body of any size. */
const CLEARED_AT_ONCE = 500;

/** `nameOf(id)` names a list. Opens lists by what it returns. */
export function showItems(db, { nameOf }) {
  const scroller = document.querySelector(".scroller");
  const list = document.querySelector(".todos");
  const shown = { list: undefined, search: "", filter: "all" };
  let stopCounts = () => {};
  let done = 0;
  let isLoading = false;

  /** What this window wrote and the server has not confirmed. */
  const own = new Set();
  const write = (id, sql, params) => {
    own.add(id);
    return db.execute(sql, params).catch(toast);
  };
  const actions = {
    toggle: (id, completed) => write(id, "UPDATE items SET completed = ? WHERE id = ?", [completed, id]),
    rename: (id, title) => write(id, "UPDATE items SET title = ? WHERE id = ?", [title, id]),
    delete: (id) => write(id, "DELETE FROM items WHERE id = ?", [id]),
    move: (id, position) => write(id, "UPDATE items SET position = ? WHERE id = ?", [position, id]),
  };
  const rows = virtualList({
    scroller,
    list,
    make: (row) => makeRow(row, actions, () => focusBeside(row.id)),
    fill: (element, row) => fillRow(element, row, shown.search ? nameOf(row.list_id) : ""),
    changed: (element, row, before) => {
      // Someone else's doing, be it in another window of this browser.
      if (!own.has(row.id) && !(before && isAlike(row, before))) flash(element);
      if (!row.state) own.delete(row.id);
    },
    drawn: (_, total) => {
      showEmpty(total);
      keepOneTabStop(list);
    },
  });
  const canMove = () => shown.search === "";
  wireReorder({ list, scroller, rows, canMove, move: actions.move });
  wireKeys(list, rows);

  const ask = () => {
    const { page, counts } = questions(shown, isFull);
    document.body.classList.toggle("searching", !canMove());
    rows.show((limit, offset, take) => {
      const live = db.live(page[0], [...page[1], limit, offset], { key: "id" });
      return follow(db, live, take, toast);
    });
    stopCounts();
    stopCounts = follow(db, db.live(...counts), ({ rows: [count] }) => showCounts(count), console.warn);
  };
  const showCounts = ({ total, done: ticked }) => {
    done = ticked;
    const counts = { all: total, open: total - done, done };
    for (const [name, count] of Object.entries(counts)) byTestId(`filter-${name}`).querySelector("span").textContent = count.toLocaleString("en");
    byTestId("clear-done").hidden = done === 0 || !canMove();
    rows.setTotal(counts[shown.filter]);
  };

  /** Where the focus goes when the row that has it is about to go. */
  const focusBeside = (id) => {
    const row = rows.elementOf(id);
    const next = row?.nextElementSibling ?? row?.previousElementSibling;
    ((next && byTestId("toggle", next)) ?? byTestId("new-title")).focus();
  };

  const showEmpty = (total) => {
    const empty = byTestId("empty");
    const nothing = isLoading ? "The first sync is still bringing the items." : shown.search ? "Nothing has these words." : EMPTY[shown.filter];
    const text = total > 0 ? "" : nothing;
    if (empty.textContent !== text) empty.textContent = text;
    empty.hidden = text === "";
  };

  db.onStatus(({ shapes }) => {
    const wasLoading = isLoading;
    isLoading = shapes.some(({ table, phase, lastSyncedAt }) => table === "items" && phase === "loading" && lastSyncedAt === null);
    if (isLoading !== wasLoading) rows.refresh();
  });
  wireFilters(shown, ask);
  wireSearch(shown, ask);
  wireAdd(db, shown, own);
  byTestId("clear-done").addEventListener("click", async () => {
    const clear = { sql: CLEAR_DONE, params: [shown.list, CLEARED_AT_ONCE] };
    try {
      for (let left = done; left > 0; left -= CLEARED_AT_ONCE) await db.batch([clear], { meta: { label: "clear done" } });
    } catch (error) {
      toast(error);
    }
  });

  return {
    open(id) {
      if (shown.list === id) return;
      shown.list = id;
      remembered.set("list", id);
      if (shown.search === "") ask();
    },
  };
}

/** Whether two versions of a row differ in nothing but how far their writes are. */
const isAlike = (one, other) => ["title", "completed", "position"].every((column) => one[column] === other[column]);

const EMPTY = { all: "Nothing here yet. Add the first item above.", open: "Everything is done.", done: "Nothing is done yet." };

function wireFilters(shown, ask) {
  const buttons = document.querySelectorAll("[data-filter]");
  for (const button of buttons) {
    button.addEventListener("click", () => {
      shown.filter = button.dataset.filter;
      for (const each of buttons) each.setAttribute("aria-pressed", String(each === button));
      ask();
    });
  }
}

function wireSearch(shown, ask) {
  const input = byTestId("search");
  const apply = () => {
    const search = input.value.trim();
    if (search === shown.search) return;
    shown.search = search;
    ask();
  };
  input.addEventListener("input", apply);
  input.addEventListener("keydown", (event) => {
    if (event.key !== "Escape" || input.value === "") return;
    input.value = "";
    apply();
  });
}

/** A new item goes on top. */
function wireAdd(db, shown, own) {
  document.querySelector(".add").addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = byTestId("new-title");
    const title = input.value.trim();
    input.value = "";
    input.focus();
    try {
      const [first] = await db.query(FIRST, [shown.list]);
      const id = crypto.randomUUID();
      own.add(id);
      await db.execute(INSERT, [id, shown.list, title, false, between(null, first?.position ?? null), new Date()]);
    } catch (error) {
      input.value ||= title;
      toast(error);
    }
  });
}

/** Of fifty thousand rows one is in the tab order, the one that had the focus last; the arrow keys go to the others. */
function keepOneTabStop(list) {
  const current = list.querySelector("li.visited") ?? list.querySelector("li[data-id]");
  for (const row of list.querySelectorAll("li[data-id]")) {
    const tabIndex = row === current ? 0 : -1;
    if (row.controlsTabIndex === tabIndex) continue;
    row.controlsTabIndex = tabIndex;
    for (const control of row.querySelectorAll("button, input")) control.tabIndex = tabIndex;
  }
}

const STEPS = { ArrowDown: 1, ArrowUp: -1, PageDown: 10, PageUp: -10 };

function wireKeys(list, rows) {
  list.addEventListener("focusin", ({ target }) => {
    for (const row of list.querySelectorAll("li.visited")) row.classList.remove("visited");
    target.closest("li").classList.add("visited");
    keepOneTabStop(list);
  });
  list.addEventListener("keydown", async (event) => {
    const control = event.target;
    if (event.altKey || event.ctrlKey || event.metaKey || control.matches("input.edit")) return;
    const row = control.closest("li");
    const last = rows.length() - 1;
    const to = { Home: 0, End: last }[event.key] ?? row.index + STEPS[event.key];
    if (Number.isNaN(to) || event.defaultPrevented) return;
    event.preventDefault();
    const element = await rows.reach(Math.max(0, Math.min(last, to)));
    const same = element && byTestId(control.dataset.testid, element);
    (same?.checkVisibility() ? same : element && byTestId("toggle", element))?.focus({ preventScroll: true });
  });
}
