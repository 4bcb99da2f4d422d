// The header: sync phase, unconfirmed transactions, storage, and the offline switch.

import { ago, byTestId, remembered, toast } from "./dom.js";

const PHASES = {
  loading: "Loading",
  catchingUp: "Catching up",
  live: "Live",
  waiting: "Trying again",
  failed: "Stopped",
  paused: "Paused",
};

export function showStatus(db) {
  let lastSyncedAt = null;
  const showAge = () => {
    setText(byTestId("last-synced"), lastSyncedAt === null ? "never" : ago(lastSyncedAt));
  };
  db.onStatus((status) => {
    const [shape] = status.shapes;
    lastSyncedAt = shape?.lastSyncedAt ?? null;
    setText(byTestId("phase"), phaseText(status.connected, shape));
    document.body.dataset.phase = status.connected ? (shape?.phase ?? "paused") : "offline";
    setText(byTestId("pending-count"), String(status.pending));
    showStorage(status.storage);
    showNotice(status, shape);
    showAge();
  });
  setInterval(showAge, 1000);
  wireOffline(db);
}

function phaseText(connected, shape) {
  if (!connected) return "Offline";
  if (!shape) return "No shape";
  return shape.phase === "loading" && shape.rows > 0 ? `Loading, ${shape.rows} rows` : PHASES[shape.phase];
}

function showStorage({ persistence, reason }) {
  const element = byTestId("storage");
  const inMemory = persistence === "memory";
  setText(element, inMemory ? "Memory only" : "On device");
  element.dataset.persistence = persistence;
  element.title = inMemory ? `Gone when this tab closes. ${reason ?? ""}` : "SQLite in the origin private file system";
  element.classList.toggle("warn", inMemory);
}

/** Says what keeps reading or writing from going on, if anything does. */
function showNotice({ connected, upload }, shape) {
  const failing = [
    [shape, "Reading"],
    [upload, "Sending"],
  ].find(([part]) => connected && part?.error);
  const element = byTestId("notice");
  element.hidden = !failing;
  if (!failing) return;
  const [{ error, retryAt }, what] = failing;
  const next = retryAt === null ? "" : ` Next try at ${new Date(retryAt).toLocaleTimeString()}.`;
  setText(element, `${what} is held up. ${error.message} (${error.code}).${next} Nothing is lost.`);
}

/** The switch stands for the app's own wish, so it outlives a reload. */
function wireOffline(db) {
  const offline = byTestId("offline");
  const apply = () => (offline.checked ? db.disconnect() : db.connect());
  offline.checked = remembered.get("offline") === "yes";
  offline.disabled = false;
  if (offline.checked) apply().catch(toast);
  offline.addEventListener("change", () => {
    remembered.set("offline", offline.checked ? "yes" : "no");
    apply().catch(toast);
  });
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
