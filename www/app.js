// The demo: opens the database, then hands it to the parts of the page.

import { byTestId } from "./dom.js";
import { isFull, open, wireEngine } from "./engine.js";
import { showHood } from "./hood.js";
import { showItems } from "./items.js";
import { showLists } from "./lists.js";
import { showOutbox } from "./outbox.js";
import { showStatus, startsOffline } from "./status.js";
import { wirePersist } from "./storage.js";
import { keepTexts } from "./texts.js";
import { keepUpToDate } from "./update.js";

async function boot() {
  const db = await open({
    name: "throughline-demo-lists",
    electric: { url: "/v1/shape" },
    // The server keeps a ledger: a write is confirmed by its row there, whatever became of the rows it changed.
    write: { url: "/changes", confirmBy: "ledger" },
    // Columns and keys come from Electric's schema. A list that is refused takes along the items that were put into it.
    tables: {
      lists: {},
      items: {
        indexes: [
          ["list_id", "position", "id"],
          ["list_id", "completed", "id"],
        ],
        references: [{ columns: ["list_id"], table: "lists" }],
      },
    },
    connect: !startsOffline(),
  });
  // For the console: await db.query("SELECT * FROM items LIMIT 10")
  globalThis.db = db;
  showStatus(db);
  if (isFull) await keepTexts(db);
  let items;
  const lists = showLists(db, (id) => {
    items.open(id);
    hood.open(id);
  });
  items = showItems(db, lists);
  const hood = showHood(db);
  showOutbox(db);
  wirePersist();
  wireEngine();
  // On a phone it would open the keyboard.
  if (matchMedia("(hover: hover)").matches) byTestId("new-title").focus({ preventScroll: true });
}

function showBootError({ title, text, detail }) {
  const screen = byTestId("boot-error");
  screen.hidden = false;
  byTestId("loading").hidden = true;
  byTestId("phase").textContent = "Not open";
  const [first, second] = screen.querySelectorAll("p");
  screen.querySelector("h2").textContent = title;
  first.textContent = text;
  second.textContent = detail;
  screen.querySelector("button").onclick = () => location.reload();
}

const ADVICE = {
  DATABASE_IN_USE: "Another tab holds the local database and does not answer. Close it and load again.",
  STORAGE: "The browser refused its storage. Private windows and blocked site settings do that.",
  QUOTA: "The device is short of space. Free some, then load again.",
  SCHEMA_AHEAD: "A newer version of this page wrote the local database. Close all its tabs and load again.",
  WORKER: "The database's worker or its WebAssembly file could not be loaded.",
};

boot().catch((error) => {
  console.error(error);
  showBootError({
    title: "The database did not open",
    text: ADVICE[error.code] ?? "This should not happen.",
    detail: `${error.code ?? error.name}: ${error.message}`,
  });
});

keepUpToDate().catch((error) => console.warn("No offline start:", error));
