// Items change their place: by a pointer that drags the handle, by Alt with the arrow keys, or by two presses, of the handle and of the
// row in whose place it shall go.

import { byTestId } from "./dom.js";
import { between } from "./position.js";
import { ROW } from "./virtual.js";

/** Pixels at either edge in which a drag scrolls, and how far it does in a frame. */
const EDGE = 60;
const SPEED = 14;
/** Less than this is a press. */
const SLACK = 4;

/** `rows` is the virtual list; `move(id, position)` writes. */
export function wireReorder({ list, scroller, rows, canMove, move }) {
  let picked;

  /** Puts an item where the one at `to` is. */
  const place = (item, to) => {
    const last = rows.length() - 1;
    if (item.index === to || to < 0 || to > last) return false;
    const [before, after] = to > item.index ? [rows.at(to), rows.at(to + 1)] : [rows.at(to - 1), rows.at(to)];
    if ((!before && to > 0) || (!after && to < last)) return false;
    move(item.row.id, between(before?.position ?? null, after?.position ?? null));
    say(`${item.row.title}: now ${to + 1} of ${last + 1}`);
    return true;
  };

  const pick = (row) => {
    if (picked) picked.classList.remove("picked");
    picked = row;
    if (!row) return;
    row.classList.add("picked");
    say("Picked up. The arrow keys move it, Escape lets go; or press the handle of the row in whose place it shall go.");
  };

  list.addEventListener("keydown", async (event) => {
    const row = event.target.closest("li");
    if (event.key === "Escape" && picked) return pick(undefined);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    const isMeant = event.altKey || picked === row;
    if (!step || !isMeant || event.target.matches("input.edit")) return;
    event.preventDefault();
    if (!canMove()) return;
    if (place(row, row.index + step)) await rows.reach(row.index + step);
  });

  list.addEventListener("pointerdown", (event) => {
    const handle = event.target.closest('[data-testid="move"]');
    if (!handle || event.button !== 0 || !canMove()) return;
    const row = handle.closest("li");
    drag({ event, handle, row, list, scroller, length: rows.length }).then((to) => {
      if (to === "pressed") press(row);
      else if (to !== undefined) place(row, to);
    });
  });
  // What a keyboard or a screen reader does to the handle; a pointer's press was told above.
  list.addEventListener("click", (event) => {
    if (event.detail === 0 && canMove() && event.target.closest('[data-testid="move"]')) press(event.target.closest("li"));
  });

  const press = (row) => {
    const target = picked && picked !== row ? row.index : undefined;
    if (target === undefined) return pick(picked ? undefined : row);
    place(picked, target);
    pick(undefined);
  };
}

/** Follows the pointer; resolves with the place where it was let go, `pressed`, or undefined if it was taken back. */
function drag({ event, handle, row, list, scroller, length }) {
  const mark = document.querySelector(".drop");
  const start = event.clientY;
  const grip = event.clientY - row.getBoundingClientRect().top;
  let y = event.clientY;
  let moved = false;
  let frame;
  handle.setPointerCapture(event.pointerId);
  // What has the focus stays an element, however far the drag goes.
  handle.focus({ preventScroll: true });

  const offset = () => Math.max(0, Math.min(y - list.getBoundingClientRect().top - grip, (length() - 1) * ROW));
  const target = () => Math.round(offset() / ROW);
  const follow = () => {
    const { top: above, bottom: below } = scroller.getBoundingClientRect();
    if (y < above + EDGE) scroller.scrollTop -= SPEED;
    if (y > below - EDGE) scroller.scrollTop += SPEED;
    row.style.translate = `0 ${offset() - row.index * ROW}px`;
    const to = target();
    mark.hidden = to === row.index;
    mark.style.top = `${(to > row.index ? to + 1 : to) * ROW}px`;
    frame = requestAnimationFrame(follow);
  };

  return new Promise((resolve) => {
    const stop = new AbortController();
    const end = (result) => {
      stop.abort();
      cancelAnimationFrame(frame);
      row.classList.remove("dragged");
      row.style.translate = "";
      mark.hidden = true;
      resolve(result);
    };
    const on = (name, listener, from = handle) => from.addEventListener(name, listener, { signal: stop.signal });
    on("pointermove", ({ clientY }) => {
      y = clientY;
      if (moved || Math.abs(y - start) < SLACK) return;
      moved = true;
      row.classList.add("dragged");
      follow();
    });
    on("pointerup", () => end(moved ? target() : "pressed"));
    on("pointercancel", () => end(undefined));
    on("keydown", ({ key }) => key === "Escape" && end(undefined), window);
  });
}

function say(text) {
  byTestId("said").textContent = text;
}
