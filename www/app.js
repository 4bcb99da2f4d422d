// The demo: opens the database, then hands it to the parts of the page.

import { open } from "/pkg/index.js";
import { byTestId } from "./dom.js";
import { showHood } from "./hood.js";
import { showList } from "./list.js";
import { showStatus, startsOffline } from "./status.js";

const RETRY_MS = 1000;

async function boot() {
  const db = await openPatiently();
  showBootError(null);
  // For the console: await db.query("SELECT * FROM todos")
  globalThis.db = db;
  showStatus(db);
  showList(db);
  showHood(db);
}

/** Opens the database; while another tab holds it, says so and tries again. */
async function openPatiently() {
  for (;;) {
    try {
      return await open({
        name: "throughline-demo",
        electric: { url: "/v1/shape" },
        // The server keeps a ledger: a write is confirmed by its row there, whatever became of the rows it changed.
        write: { url: "/changes", confirmBy: "ledger" },
        // Columns and key come from Electric's schema.
        tables: { todos: { indexes: ["created_at"] } },
        connect: !startsOffline(),
      });
    } catch (error) {
      if (error.code !== "DATABASE_IN_USE") throw error;
      showBootError({
        title: "Open in another tab",
        text: "These todos are in use there. Close that tab and this one takes over by itself.",
        detail: "Trying again every second.",
        code: error.code,
      });
      await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
    }
  }
}

function showBootError(told) {
  const screen = byTestId("boot-error");
  screen.hidden = told === null;
  if (told === null) return;
  byTestId("phase").textContent = "Not open";
  // Writing the same text again would make a screen reader say it again.
  if (screen.dataset.code === told.code) return;
  screen.dataset.code = told.code;
  const [text, detail] = screen.querySelectorAll("p");
  screen.querySelector("h2").textContent = told.title;
  text.textContent = told.text;
  detail.textContent = told.detail;
  const button = screen.querySelector("button");
  button.hidden = told.code === "DATABASE_IN_USE";
  button.onclick = () => location.reload();
}

const ADVICE = {
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
    code: error.code ?? "UNKNOWN",
  });
});

navigator.serviceWorker?.register("/sw.js").catch((error) => console.warn("No offline start:", error));
