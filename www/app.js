// The demo: opens the database, then hands it to the parts of the page.

import { open } from "/pkg/index.js";
import { byTestId } from "./dom.js";
import { showHood } from "./hood.js";
import { showList } from "./list.js";
import { showStatus, startsOffline } from "./status.js";

async function boot() {
  const db = await open({
    name: "throughline-demo",
    electric: { url: "/v1/shape" },
    // The server keeps a ledger: a write is confirmed by its row there, whatever became of the rows it changed.
    write: { url: "/changes", confirmBy: "ledger" },
    // Columns and key come from Electric's schema.
    tables: { todos: { indexes: ["created_at"] } },
    connect: !startsOffline(),
  });
  // For the console: await db.query("SELECT * FROM todos")
  globalThis.db = db;
  showStatus(db);
  showList(db);
  showHood(db);
}

function showBootError({ title, text, detail }) {
  const screen = byTestId("boot-error");
  screen.hidden = false;
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

navigator.serviceWorker?.register("/sw.js").catch((error) => console.warn("No offline start:", error));
