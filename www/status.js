// The header: sync phase, unconfirmed transactions, storage, and the offline switch.

import { ago, byTestId, remembered, toast } from "./dom.js";

const PHASES = {
  loading: "Loading",
  catchingUp: "Catching up",
  live: "Live",
  waiting: "Retrying",
  failed: "Stopped",
  paused: "Paused",
};

/** Whether the switch was on when the page was last open. */
export function startsOffline() {
  return remembered.get("offline") === "yes";
}

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

/** Says what keeps reading, sending or storing from going on, if anything does. */
function showNotice({ connected, storage, upload }, shape) {
  const notices = [
    connected && heldUp("Reading", shape),
    connected && heldUp("Sending", upload),
    storage.persistence === "memory" && "No durable storage here: what is not sent is lost when this tab closes.",
  ];
  const text = notices.filter(Boolean).join(" ");
  const element = byTestId("notice");
  element.hidden = text === "";
  setText(element, text);
}

function heldUp(what, part) {
  if (!part?.error) return "";
  const { message, code } = part.error;
  const next = part.retryAt === null ? "" : ` Next try at ${new Date(part.retryAt).toLocaleTimeString()}.`;
  return `${what} is held up: ${message} (${code}).${next}`;
}

/** The switch stands for the app's own wish, so it outlives a reload. */
function wireOffline(db) {
  const offline = byTestId("offline");
  const apply = () => (offline.checked ? db.disconnect() : db.connect());
  offline.checked = startsOffline();
  offline.disabled = false;
  offline.addEventListener("change", () => {
    remembered.set("offline", offline.checked ? "yes" : "no");
    apply().catch(toast);
  });
}

function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
