// The header: sync phase, unconfirmed transactions, and the offline switch; and how far a first load is.

import { ago, byTestId, remembered, setText, toast } from "./dom.js";
import { showStorage } from "./storage.js";

/** From the worst to the best: the header tells the worst of all shapes. */
const PHASES = [
  ["failed", "Stopped"],
  ["waiting", "Retrying"],
  ["paused", "Paused"],
  ["loading", "Loading"],
  ["catchingUp", "Catching up"],
  ["live", "Live"],
];

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
    const { connected, shapes, pending } = status;
    const [phase, text] = PHASES.find(([name]) => shapes.some((shape) => shape.phase === name)) ?? ["paused", "No shape"];
    lastSyncedAt = shapes.some((shape) => shape.lastSyncedAt === null) ? null : Math.min(...shapes.map((shape) => shape.lastSyncedAt));
    setText(byTestId("phase"), connected ? text : "Offline");
    document.body.dataset.phase = connected ? phase : "offline";
    setText(byTestId("pending-count"), String(pending));
    showProgress(shapes, connected);
    showStorage(status.storage);
    showNotice(status);
    showAge();
  });
  setInterval(showAge, 1000);
  wireOffline(db);
}

/** The server does not say how much there is, so the bar tells what has come. */
function showProgress(shapes, connected) {
  const loading = shapes.filter(({ phase, table }) => phase === "loading" && table !== "throughline_ledger");
  const element = byTestId("progress");
  element.hidden = loading.length === 0 || !connected;
  if (element.hidden) return;
  const sum = (name) => loading.reduce((total, shape) => total + shape[name], 0);
  const megabytes = (sum("bytes") / 1e6).toFixed(1);
  setText(element.querySelector("span"), `First sync: ${sum("rows").toLocaleString("en")} rows, ${megabytes} MB so far`);
}

/** Says what keeps reading, sending or storing from going on, if anything does. */
function showNotice({ connected, storage, upload, shapes }) {
  const notices = [
    connected && heldUp("Reading", shapes.find(({ error }) => error)),
    connected && heldUp("Sending", upload),
    storage.error && `Storing is held up: ${storage.error.message} (${storage.error.code}).`,
    storage.persistence === "memory" && "No durable storage here: what is not sent is lost when this tab closes.",
    storage.evicted?.pending > 0 && `The browser threw this app’s storage away, and ${storage.evicted.pending} unsent changes with it.`,
    storage.recovered && `A damaged database was rebuilt; ${storage.recovered.transactions} unsent changes were taken over.`,
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
