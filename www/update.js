// The app as an installed one: files for starting without a network, new versions, and the offer to install.

import { byTestId } from "./dom.js";

/** How often a page that stays open looks for a new version, in milliseconds. */
const EVERY = 60 * 60 * 1000;

export async function keepUpToDate() {
  wireInstall();
  const worker = navigator.serviceWorker;
  if (!worker) return;
  // The first worker takes over pages that have none; that is no new version.
  let isUpdate = worker.controller !== null;
  worker.addEventListener("controllerchange", () => {
    if (isUpdate) reloadWhenIdle();
    isUpdate = true;
  });
  const registration = await worker.register("/sw.js", { updateViaCache: "none" });
  if (registration.waiting) offer(registration);
  registration.addEventListener("updatefound", () => {
    const next = registration.installing;
    next?.addEventListener("statechange", () => {
      if (next.state === "installed" && worker.controller) offer(registration);
    });
  });
  const look = () => registration.update().catch(() => {});
  setInterval(look, EVERY);
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && look());
}

function offer(registration) {
  const bar = byTestId("update-bar");
  bar.hidden = false;
  byTestId("update").onclick = () => {
    // All tabs of this app follow: they share one version of the files and one database.
    registration.waiting?.postMessage("take over");
  };
  byTestId("update-later").onclick = () => (bar.hidden = true);
}

/** What somebody is typing in another tab is not taken from them: that tab reloads when they are done. */
function reloadWhenIdle() {
  const typing = document.activeElement?.matches("input:not([type=checkbox])") && document.activeElement.value !== "" && !document.hidden;
  if (!typing) return location.reload();
  document.activeElement.addEventListener("blur", () => setTimeout(() => location.reload()), { once: true });
}

function wireInstall() {
  const button = byTestId("install");
  addEventListener("beforeinstallprompt", (event) => {
    event.preventDefault();
    button.hidden = false;
    button.onclick = () => event.prompt();
  });
  addEventListener("appinstalled", () => (button.hidden = true));
}
