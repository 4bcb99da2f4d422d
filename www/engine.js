// Which SQLite the page loads: the small one, or the one with full-text search. The choice is kept.

import { open as openSmall } from "/pkg/index.js";
import { byTestId, remembered, setText } from "./dom.js";

export const isFull = remembered.get("engine") === "full";

/** The larger module is named nowhere else, so that only those who want it fetch it. */
export async function open(options) {
  const open = isFull ? (await import(`/pkg/${"full"}.js`)).open : openSmall;
  return open(options);
}

/** The button in the storage panel loads the page again with the other one. */
export function wireEngine() {
  const button = byTestId("engine");
  setText(byTestId("search-kind"), isFull ? "Words and their beginnings, best first (FTS5)." : "Parts of words, in the order of the lists.");
  setText(button, isFull ? "Use the small module" : "Use full-text search");
  button.addEventListener("click", () => {
    remembered.set("engine", isFull ? "small" : "full");
    location.reload();
  });
}
