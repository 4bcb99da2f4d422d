// The outbox: what waits for the server, and what it refused.

import { ago, byTestId, fromTemplate, toast } from "./dom.js";
import { describe, hangsOn } from "./describe.js";
import { makeRefusal } from "./refusal.js";

const STATE_TEXT = { queued: "waits to be sent", sending: "is being sent", accepted: "is accepted, on its way back" };

export function showOutbox(db) {
  const drawer = byTestId("outbox");
  const opener = byTestId("open-outbox");
  const cards = new Map();
  /** The newest refusal that the user has put off. */
  let later = 0;

  const refresh = coalesce(async () => {
    const [pending, rejected] = await Promise.all([db.pending(), db.rejected()]);
    showRefused(rejected);
    byTestId("pending").replaceChildren(...pending.slice(0, MOST).map(makePending));
    byTestId("pending-more").textContent = pending.length > MOST ? `and ${pending.length - MOST} more` : "";
    byTestId("nothing-pending").hidden = pending.length > 0;
  });

  /** A card that stays is the same element, so that what is being typed into it stays, too. */
  const showRefused = (rejected) => {
    // One whose culprit was dealt with stands for itself.
    const culprits = rejected.filter((each) => !rejected.some((other) => other !== each && hangsOn(each, other)));
    const wanted = culprits.map((transaction) => {
      const dependents = rejected.filter((each) => each !== transaction && hangsOn(each, transaction));
      const known = cards.get(transaction.number);
      if (known?.along === dependents.length) return known.card;
      const card = makeRefusal(db, transaction, dependents);
      cards.set(transaction.number, { card, along: dependents.length });
      return card;
    });
    for (const number of cards.keys()) if (!culprits.some((each) => each.number === number)) cards.delete(number);
    const place = byTestId("refusals");
    for (const element of [...place.children]) if (!wanted.includes(element)) element.remove();
    wanted.forEach((card, index) => place.children[index] !== card && place.insertBefore(card, place.children[index] ?? null));
    byTestId("nothing-refused").hidden = culprits.length > 0;
    const count = byTestId("rejected-count");
    count.textContent = String(culprits.length);
    count.parentElement.hidden = culprits.length === 0;
    const bar = byTestId("refused-bar");
    bar.hidden = !drawer.hidden || culprits.every(({ number }) => number <= later);
    bar.querySelector("span").textContent = culprits.length === 1 ? "The server refused a change." : `The server refused ${culprits.length} changes.`;
  };

  const show = (isOpen) => {
    if (drawer.hidden === !isOpen) return;
    drawer.hidden = !isOpen;
    opener.setAttribute("aria-expanded", String(isOpen));
    (isOpen ? byTestId("close-outbox") : opener).focus();
    refresh();
  };
  opener.addEventListener("click", () => show(drawer.hidden));
  byTestId("close-outbox").addEventListener("click", () => show(false));
  byTestId("review").addEventListener("click", () => show(true));
  byTestId("refused-later").addEventListener("click", () => {
    later = Math.max(...cards.keys());
    refresh();
  });
  drawer.addEventListener("keydown", ({ key }) => key === "Escape" && show(false));
  document.querySelector(".todos").addEventListener("click", ({ target }) => target.closest('[data-testid="refused"]') && show(true));

  for (const event of ["accepted", "confirmed", "rejected"]) db.on(event, refresh);
  db.onStatus(refresh);
}

/** More than a person reads. */
const MOST = 100;

function makePending(transaction) {
  const { state, attempts, createdAt, error } = transaction;
  const entry = fromTemplate("pending");
  entry.querySelector("strong").textContent = describe(transaction);
  const tries = attempts > 1 ? `, tried ${attempts} times` : "";
  entry.querySelector("span").textContent = `${STATE_TEXT[state] ?? state}${tries} · ${ago(createdAt)}`;
  const failure = entry.querySelector(".failure");
  failure.hidden = !error;
  failure.textContent = error?.message ?? "";
  return entry;
}

/** Runs again once, after the run under way, however often it is asked to meanwhile. */
function coalesce(run) {
  let running = false;
  let again = false;
  return async () => {
    again = true;
    if (running) return;
    running = true;
    while (again) {
      again = false;
      await run().catch(toast);
    }
    running = false;
  };
}
