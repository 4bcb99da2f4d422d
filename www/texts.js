// An index of all titles for full-text search, kept up with the view: nothing else sees what sync and local writes show together.

import { follow } from "./follow.js";

const CREATE = "CREATE VIRTUAL TABLE IF NOT EXISTS item_texts USING fts5 (id UNINDEXED, title, prefix = '2 3')";
// Two statements: those that are no longer so, then those that are missing.
const UPDATE = [
  "DELETE FROM item_texts WHERE NOT EXISTS (SELECT 1 FROM items WHERE items.id = item_texts.id AND items.title = item_texts.title)",
  "INSERT INTO item_texts (id, title) SELECT id, title FROM items WHERE id NOT IN (SELECT id FROM item_texts)",
];
/** Tells of every change to the items, and of nothing about them. */
const CHANGED = "SELECT total_changes() FROM (SELECT 1 FROM items LIMIT 1)";
/** The least time between two updates, in milliseconds; in a large table they keep off the worker for several times as long as one takes. */
const PAUSE = 200;
const SHARE = 5;

/** Makes the index and keeps it, in one tab at a time. */
export async function keepTexts(db) {
  await db.execute(CREATE);
  navigator.locks.request("throughline-demo texts", () => {
    let isStale = false;
    let isAtWork = false;
    const update = async () => {
      if (isAtWork) return;
      isAtWork = true;
      while (isStale) {
        isStale = false;
        const begun = performance.now();
        await db.batch(UPDATE.map((sql) => ({ sql }))).catch(console.warn);
        await new Promise((resolve) => setTimeout(resolve, Math.max(PAUSE, SHARE * (performance.now() - begun))));
      }
      isAtWork = false;
    };
    const changed = () => {
      isStale = true;
      update();
    };
    follow(db, db.live(CHANGED), changed, console.warn);
    return new Promise(() => {});
  });
}

/** What finds titles that have words beginning so, whatever the user typed. */
export const match = (words) => words.map((word) => `"${word.replaceAll('"', '""')}"*`).join(" ");
