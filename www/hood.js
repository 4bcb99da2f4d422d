// "Under the hood": the tables behind the view, live, so that one can watch a write go through them.

import { fromTemplate, remembered } from "./dom.js";
import { follow } from "./follow.js";

const LIMIT = 50;
const TABLES = [
  {
    name: "_throughline_changes",
    testId: "table-changes",
    question: () => ["SELECT * FROM _throughline_changes ORDER BY id", []],
    about: "The change log: what you did, POSTed to /changes in order and kept until it is confirmed.",
    empty: "nothing to send",
  },
  {
    name: "items_local",
    testId: "table-items_local",
    question: () => ["SELECT * FROM items_local ORDER BY position, id", []],
    about: "The shadow table: rows as you left them, until the server's version has come back.",
    empty: "everything is confirmed",
  },
  {
    name: "items_synced",
    testId: "table-items_synced",
    question: (list) => ["SELECT * FROM items_synced WHERE list_id = ? ORDER BY position, id", [list]],
    about: "What Postgres holds of this list, through Electric. Nothing but sync writes here.",
    empty: "no rows yet",
  },
];
const LEAVING_MS = matchMedia("(prefers-reduced-motion: reduce)").matches ? 0 : 900;

/** Shows the rows of the list that is opened by what it returns. */
export function showHood(db) {
  const hood = document.querySelector(".hood");
  const handle = hood.querySelector(".handle");
  const bay = hood.querySelector(".bay");
  const views = TABLES.map((table) => makeView(hood, table));
  let stops = [];
  let list;

  const expand = (open) => {
    handle.setAttribute("aria-expanded", String(open));
    bay.hidden = !open;
    // Closed it costs nothing: the live queries run only while somebody looks.
    for (const stop of stops) stop();
    stops = open ? views.map((view) => view.watch(db, list)) : [];
  };
  handle.addEventListener("click", () => {
    const open = bay.hidden;
    remembered.set("hood", open ? "open" : "closed");
    expand(open);
  });
  select(hood, views[0]);
  return {
    open(id) {
      if (id === list) return;
      list = id;
      hood.hidden = false;
      expand(remembered.get("hood") === "open");
    },
  };
}

function makeView(hood, table) {
  const section = fromTemplate("table");
  section.dataset.testid = table.testId;
  section.querySelector("code").textContent = table.name;
  section.querySelector("p").textContent = table.about;
  section.querySelector(".scroll").setAttribute("aria-label", table.name);
  const tab = document.createElement("button");
  tab.type = "button";
  tab.append(table.name.replace("_throughline_", ""), document.createElement("span"));
  hood.querySelector(".tabs").append(tab);
  hood.querySelector(".tables").append(section);
  const view = { section, tab, watch: (db, list) => watch(db, table, list, section, tab) };
  tab.addEventListener("click", () => select(hood, view));
  return view;
}

/** On a narrow screen one table is shown at a time; on a wide one the styles show all three. */
function select(hood, { section, tab }) {
  for (const element of hood.querySelectorAll(".table, .tabs button")) {
    const selected = element === section || element === tab;
    element.classList.toggle("selected", selected);
    if (element.tagName === "BUTTON") element.setAttribute("aria-pressed", String(selected));
  }
}

function watch(db, { question, empty }, list, section, tab) {
  const elements = new Map();
  const body = section.querySelector("tbody");
  let first = true;
  body.replaceChildren();
  const [sql, params] = question(list);
  const live = db.live(`${sql} LIMIT ${LIMIT}`, params, { key: "id" });
  const take = ({ rows, changes }) => {
    const fresh = new Set([...changes.inserted, ...changes.updated]);
    const columns = Object.keys(rows[0] ?? {});
    if (columns.length > 0) showColumns(section, columns);
    const wanted = rows.map((row) => {
      let element = elements.get(row.id);
      if (!element) elements.set(row.id, (element = document.createElement("tr")));
      if (fresh.has(row)) {
        element.replaceChildren(...columns.map((column) => makeCell(row[column])));
        if (!first) flash(element);
      }
      return element;
    });
    const keep = new Set(rows.map((row) => row.id));
    for (const [id, element] of elements) {
      if (keep.has(id)) continue;
      elements.delete(id);
      leave(element);
    }
    arrange(body, wanted);
    const count = rows.length < LIMIT ? String(rows.length) : `${LIMIT}+`;
    section.querySelector(".count").textContent = rows.length === 0 ? empty : count;
    section.classList.toggle("vacant", rows.length === 0);
    tab.querySelector("span").textContent = count;
    if (!first && fresh.size + changes.deleted.length > 0) flash(tab);
    first = false;
  };
  return follow(db, live, take, (error) => {
    section.querySelector(".count").textContent = error.message;
  });
}

/** Puts the rows in order around those that are leaving. */
function arrange(body, wanted) {
  let place = body.firstElementChild;
  for (const element of wanted) {
    while (place?.classList.contains("leaving")) place = place.nextElementSibling;
    if (place === element) place = place.nextElementSibling;
    else body.insertBefore(element, place);
  }
}

function leave(element) {
  element.classList.add("leaving");
  element.setAttribute("aria-hidden", "true");
  setTimeout(() => element.remove(), LEAVING_MS);
}

function flash(element) {
  element.classList.remove("flash");
  // Reading a layout property starts the animation anew.
  void element.offsetWidth;
  element.classList.add("flash");
}

function showColumns(section, columns) {
  const head = section.querySelector("thead tr");
  if (head.children.length === columns.length) return;
  head.replaceChildren(
    ...columns.map((column) => {
      const cell = document.createElement("th");
      cell.scope = "col";
      cell.textContent = column;
      return cell;
    }),
  );
}

function makeCell(value) {
  const cell = document.createElement("td");
  const text = value === null ? "NULL" : String(value);
  if (value === null) cell.className = "null";
  cell.textContent = shorten(text);
  cell.title = text;
  return cell;
}

/** Of UUIDs the end, which tells rows apart, of timestamps the time. The whole value is in the cell's title. */
function shorten(text) {
  return text
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{16}([0-9a-f]{6})/g, "…$1")
    .replace(/\b\d{4}-\d\d-\d\d (\d\d:\d\d:\d\d)(\.\d+)?\+00/g, "$1");
}
