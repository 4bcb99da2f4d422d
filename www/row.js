// One item: its controls, and how far its writes are.

import { byTestId, fromTemplate } from "./dom.js";
import { editInPlace } from "./editing.js";

const STATE_TEXT = { pending: "waiting", accepted: "accepted" };

/** `leave` is called before the item deletes itself. */
export function makeRow({ id }, actions, leave) {
  const item = fromTemplate("todo");
  item.dataset.id = id;
  const toggle = byTestId("toggle", item);
  toggle.addEventListener("change", () => actions.toggle(id, toggle.checked).then(() => (toggle.checked = item.row.completed)));
  byTestId("delete", item).addEventListener("click", () => {
    leave();
    actions.delete(id);
  });
  editInPlace(byTestId("title", item), byTestId("edit-input", item), () => item.row.title ?? "", (title) => actions.rename(id, title));
  return item;
}

/** Shows a row in its element; `place` names its list where that is not plain. */
export function fillRow(item, row, place) {
  if (item.row === row && item.place === place) return;
  item.row = row;
  item.place = place;
  const { title, completed, state } = row;
  const name = title || "no title";
  item.dataset.state = state ?? "confirmed";
  item.classList.toggle("done", completed === true);
  const button = byTestId("title", item);
  button.textContent = title || "(no title)";
  button.classList.toggle("untitled", !title);
  const toggle = byTestId("toggle", item);
  toggle.checked = completed === true;
  toggle.setAttribute("aria-label", `Done: ${name}`);
  byTestId("delete", item).setAttribute("aria-label", `Delete: ${name}`);
  byTestId("move", item).setAttribute("aria-label", `Move: ${name}`);
  byTestId("place", item).textContent = place;
  byTestId("state", item).textContent = STATE_TEXT[state] ?? "";
  const refused = byTestId("refused", item);
  refused.hidden = state !== "rejected";
  refused.setAttribute("aria-label", `Refused, see why: ${name}`);
}

/** Draws the eye to what someone else has done. */
export function flash(element) {
  element.classList.remove("flash");
  // Reading a layout property starts the animation anew.
  void element.offsetWidth;
  element.classList.add("flash");
}
