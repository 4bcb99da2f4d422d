// The lists: which there are, which one is open, and what can be done to it.

import { byTestId, fromTemplate, remembered, toast } from "./dom.js";
import { editInPlace } from "./editing.js";
import { follow } from "./follow.js";
import { between } from "./position.js";
import { LEFT_TO_DO, LISTS } from "./questions.js";

const INSERT = "INSERT INTO lists (id, name, archived, position, created_at) VALUES (?, ?, ?, ?, ?)";

/** `onOpen(id)` is called for the list that is to be shown. The result names lists by id. */
export function showLists(db, onOpen) {
  const nav = document.querySelector(".lists ul");
  const entries = new Map();
  const leftToDo = new Map();
  let lists = [];
  let open;

  const draw = () => {
    // The address names the list: a second window can show another one, and Back goes back.
    const wished = lists.find(({ id }) => id === new URLSearchParams(location.search).get("list")) ?? lists.find(({ id }) => id === remembered.get("list"));
    open = wished ?? lists[0];
    const wanted = lists.map((list) => entryOf(list));
    // Moving an element takes the focus from it.
    if (wanted.length !== nav.children.length || wanted.some((entry, index) => nav.children[index] !== entry)) nav.replaceChildren(...wanted);
    if (!open) return;
    showHead(open);
    onOpen(open.id);
  };

  const entryOf = (list) => {
    let entry = entries.get(list.id);
    if (!entry) {
      entry = fromTemplate("list");
      entry.dataset.id = list.id;
      entry.querySelector("a").href = addressOf(list.id);
      entries.set(list.id, entry);
    }
    const link = entry.querySelector("a");
    entry.dataset.state = list.state ?? "confirmed";
    entry.classList.toggle("archived", list.archived);
    link.querySelector(".name").textContent = list.name || "(no name)";
    showLeftToDo(list.id, entry);
    link.toggleAttribute("aria-current", list.id === open.id);
    if (list.id === open.id) link.setAttribute("aria-current", "page");
    return entry;
  };

  const showLeftToDo = (id, entry) => {
    entry.querySelector(".count").textContent = leftToDo.get(id)?.toLocaleString("en") ?? "";
  };

  const goTo = (id) => {
    history.pushState(null, "", addressOf(id));
    draw();
  };
  addEventListener("popstate", draw);
  nav.addEventListener("click", (event) => {
    const id = event.target.closest("li")?.dataset.id;
    // With a key it is a new window that is wanted.
    if (!id || event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    goTo(id);
  });
  wireHead(db, () => open);
  wireAdd(db, () => lists, goTo);
  follow(
    db,
    db.live(LISTS, [], { key: "id" }),
    ({ rows }) => {
      lists = rows;
      draw();
      document.querySelector(".lists").hidden = document.querySelector(".list").hidden = false;
      byTestId("loading").hidden = true;
    },
    (error) => (lists.length > 0 ? toast(error) : console.warn(error)),
  );
  const countItems = ({ rows }) => {
    leftToDo.clear();
    for (const { id, items } of rows) leftToDo.set(id, items);
    for (const [id, entry] of entries) showLeftToDo(id, entry);
  };
  follow(db, db.live(LEFT_TO_DO, [], { key: "id" }), countItems, console.warn);
  return { nameOf: (id) => lists.find((list) => list.id === id)?.name ?? "" };
}

const addressOf = (id) => `?list=${id}`;

function showHead(list) {
  const name = byTestId("list-name");
  if (document.activeElement !== byTestId("list-name-input")) name.textContent = list.name || "(no name)";
  document.title = `${list.name} · Throughline`;
  byTestId("archive").textContent = list.archived ? "Bring back" : "Archive";
  byTestId("list-archived").hidden = !list.archived;
}

function wireHead(db, current) {
  const run = (sql, params) => db.execute(sql, params).catch(toast);
  editInPlace(byTestId("list-name"), byTestId("list-name-input"), () => current().name, (name) => {
    if (name.trim() !== current().name) run("UPDATE lists SET name = ? WHERE id = ?", [name.trim(), current().id]);
  });
  byTestId("archive").addEventListener("click", () => {
    run("UPDATE lists SET archived = ? WHERE id = ?", [!current().archived, current().id]);
  });
}

/** A new list stands behind the others and is opened. */
function wireAdd(db, all, goTo) {
  document.querySelector(".add-list").addEventListener("submit", async (event) => {
    event.preventDefault();
    const input = byTestId("new-list");
    const last = all().map(({ position }) => position).sort().at(-1) ?? null;
    const id = crypto.randomUUID();
    try {
      await db.execute(INSERT, [id, input.value.trim(), false, between(last, null), new Date()]);
      input.value = "";
      goTo(id);
    } catch (error) {
      toast(error);
    }
  });
}
