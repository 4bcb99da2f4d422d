// Where the rows are kept, how much room there is, and whether the browser may throw them away.

import { byTestId, setText, toast } from "./dom.js";

const WHERE = { opfs: "On device", file: "On device", memory: "Memory only" };

export function showStorage({ persistence, reason, persisted, quota, usage }) {
  const inMemory = persistence === "memory";
  const element = byTestId("storage");
  setText(element, WHERE[persistence]);
  element.dataset.persistence = persistence;
  element.classList.toggle("warn", inMemory);
  setText(byTestId("storage-where"), inMemory ? `In memory, gone when this tab closes. ${reason ?? ""}` : "SQLite in the origin private file system.");
  setText(byTestId("storage-used"), usage === null || quota === null ? "The browser does not say." : `${size(usage)} of the ${size(quota)} this site may use.`);
  const meter = byTestId("storage-meter");
  meter.hidden = usage === null || !quota;
  if (!meter.hidden) meter.value = usage / quota;
  setText(byTestId("storage-kept"), persisted === true ? "Until you delete it." : "Until space runs out: the browser may throw it away.");
  byTestId("persist").hidden = persisted === true || inMemory;
}

/** The button asks the browser to keep the data. */
export function wirePersist() {
  byTestId("persist").addEventListener("click", async () => {
    try {
      const persisted = await navigator.storage.persist();
      setText(byTestId("storage-kept"), persisted ? "Until you delete it." : "The browser said no; using the app more, or installing it, may change its mind.");
      byTestId("persist").hidden = persisted;
    } catch (error) {
      toast(error);
    }
  });
}

function size(bytes) {
  const [unit, name] = [[1e9, "GB"], [1e6, "MB"], [1e3, "KB"]].find(([least]) => bytes >= least) ?? [1, "bytes"];
  return `${(bytes / unit).toFixed(unit > 1e3 ? 1 : 0)} ${name}`;
}
