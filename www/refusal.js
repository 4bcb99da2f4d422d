// One refused transaction: why, what the server has instead, and what to do about it.

import { byTestId, fromTemplate, toast } from "./dom.js";
import { describe, differences, textOf } from "./describe.js";

/** `dependents` were rolled back with it. */
export function makeRefusal(db, transaction, dependents) {
  const { number, error } = transaction;
  const card = fromTemplate("refusal");
  card.dataset.number = number;
  card.querySelector("strong").textContent = `${describe(transaction)} was refused.`;
  byTestId("reason", card).textContent = error?.message ?? "The server gave no reason.";
  card.querySelector("tbody").replaceChildren(...differences(transaction).map(makeDifference));
  card.querySelector("table").hidden = card.querySelector("tbody").children.length === 0;
  const along = byTestId("along", card);
  along.hidden = dependents.length === 0;
  along.querySelector("span").textContent = dependents.length === 1 ? "One later change went with it:" : `${dependents.length} later changes went with it:`;
  along.querySelector("ul").replaceChildren(...dependents.map((each) => Object.assign(document.createElement("li"), { textContent: describe(each) })));
  const all = [transaction, ...dependents];
  const inOrder = async (deal) => {
    for (const each of all) await deal(each.number);
  };
  byTestId("retry", card).addEventListener("click", () => inOrder((one) => db.retry(one)).catch(toast));
  byTestId("discard", card).addEventListener("click", () => inOrder((one) => db.discard(one)).catch(toast));
  wireCorrect(db, card, transaction, dependents);
  return card;
}

function makeDifference({ column, yours, before, server }) {
  const row = document.createElement("tr");
  const head = Object.assign(document.createElement("th"), { scope: "row", textContent: column });
  const cell = (value) => Object.assign(document.createElement("td"), { textContent: value === undefined ? "—" : value === "" ? "(empty)" : String(value) });
  row.append(head, cell(yours), cell(before), cell(server));
  return row;
}

/** Lets a refused text be put right: the transaction goes again as a new one, and after it what had gone with it. */
function wireCorrect(db, card, transaction, dependents) {
  const found = textOf(transaction);
  const button = byTestId("correct", card);
  const input = byTestId("correct-input", card);
  button.hidden = !found;
  button.addEventListener("click", () => {
    button.hidden = true;
    input.hidden = false;
    input.value = found.text;
    input.focus();
  });
  input.addEventListener("keydown", async (event) => {
    if (event.isComposing || event.key !== "Enter") return;
    const { change, column } = found;
    const corrected = { ...change, value: { ...change.value, [column]: input.value.trim() } };
    try {
      await db.edit(transaction.number, transaction.changes.map((one) => (one === change ? corrected : one)));
      for (const { number } of dependents) await db.retry(number);
    } catch (error) {
      toast(error);
    }
  });
}
