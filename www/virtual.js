// A list of any length: what is in sight is elements, what is near is rows, the rest is room to scroll through.

/** Height of a row in pixels; the styles have the same. */
export const ROW = 52;
/** So many rows are asked for at a time, from a multiple of STEP on. */
const STRETCH = 200;
const STEP = 50;
/** Rows above and below what is in sight that are elements, too. */
const MARGIN = 8;

/**
 * `list` is inside `scroller`. `make(row)` gives an element, `fill(element, row)` what is in it, `changed(element, row, before)`
 * is told of rows that came or changed under the eyes of the user, `drawn(rows, total)` after each drawing.
 */
export function virtualList({ scroller, list, make, fill, changed, drawn }) {
  const elements = new Map();
  const spares = [];
  let ask;
  let stop = () => {};
  let loading;
  let rows = [];
  let from = 0;
  let total = 0;

  /** Asks another question: `ask(limit, offset, take)` keeps calling `take` with live results until what it returns is called. */
  const show = (question) => {
    ask = question;
    loading?.stop();
    loading = undefined;
    total = 0;
    scroller.scrollTop = 0;
    load(0);
  };

  const load = (start) => {
    const mine = { stop: () => {} };
    loading = mine;
    const end = ask(STRETCH, start, ({ rows: found, changes }) => {
      const isFirst = loading === mine;
      if (isFirst) {
        stop();
        stop = mine.stop;
        loading = undefined;
        from = start;
      } else if (stop !== mine.stop) {
        return;
      }
      const before = isFirst ? undefined : new Map(rows.map((row) => [row.id, row]));
      rows = found;
      draw();
      if (before) for (const row of [...changes.inserted, ...changes.updated]) tell(row, before.get(row.id));
      look();
    });
    mine.stop = end;
  };

  const tell = (row, before) => {
    const element = elements.get(row.id);
    if (element) changed(element, row, before);
  };

  /** How many rows there are: a stretch that is not full knows better than a count that comes later. */
  const length = () => {
    const known = from + rows.length;
    const isEnd = rows.length < STRETCH && (rows.length > 0 || from === 0);
    return isEnd ? known : Math.max(total, known);
  };

  /** Where the list begins in what is scrolled. */
  const beginning = () => list.getBoundingClientRect().top - scroller.getBoundingClientRect().top + scroller.scrollTop;

  const inSight = () => {
    const top = Math.max(0, scroller.scrollTop - beginning());
    const first = Math.floor(top / ROW);
    return [first, Math.min(length(), first + Math.ceil(scroller.clientHeight / ROW) + 1)];
  };

  /** Asks for another stretch once what is in sight comes near an end of this one. */
  const look = () => {
    if (loading || !ask) return;
    const [first, last] = inSight();
    const isShort = first - MARGIN < from && from > 0;
    if (!isShort && (last + MARGIN <= from + STRETCH || from + rows.length >= length())) return;
    const middle = (first + last) / 2;
    const start = Math.max(0, Math.round((middle - STRETCH / 2) / STEP) * STEP);
    if (start !== from) load(start);
  };

  const draw = () => {
    const [first, last] = inSight();
    const count = length();
    const focused = list.contains(document.activeElement) ? document.activeElement : undefined;
    const held = focused?.closest("li");
    const wanted = [];
    let spare = 0;
    list.style.height = `${count * ROW}px`;
    for (let index = Math.max(0, first - MARGIN); index < Math.min(count, last + MARGIN); index++) {
      const row = rows[index - from];
      wanted.push(row ? place(row, index, count) : placeholder(spare++, index));
    }
    if (held?.isConnected && !wanted.includes(held) && elements.get(held.dataset.id) === held) {
      // Where the focus is stays, however far away it is; rows may have come before it.
      const index = rows.findIndex((row) => row.id === held.dataset.id);
      if (index >= 0) place(rows[index], from + index, count);
      if (index >= 0 || !isKnown(held)) wanted[held.index < first ? "unshift" : "push"](held);
    }
    const keep = new Set(wanted);
    for (const [id, element] of elements) if (!keep.has(element)) elements.delete(id);
    for (const element of [...list.children]) if (!keep.has(element)) element.remove();
    wanted.forEach((element, index) => {
      if (list.children[index] !== element) list.insertBefore(element, list.children[index] ?? null);
    });
    // Moving an element takes the focus from what is in it.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    drawn(rows, count);
  };

  /** Whether a row that is not among the rows would be, if it were still there. */
  const isKnown = ({ index }) => index >= from && index < from + rows.length;

  const place = (row, index, count) => {
    let element = elements.get(row.id);
    if (!element) elements.set(row.id, (element = make(row)));
    if (element.index !== index) {
      element.index = index;
      element.style.top = `${index * ROW}px`;
      element.setAttribute("aria-posinset", String(index + 1));
    }
    if (element.setSize !== count) element.setAttribute("aria-setsize", String((element.setSize = count)));
    element.toggleAttribute("data-last", index === count - 1);
    fill(element, row);
    return element;
  };

  const placeholder = (number, index) => {
    const element = (spares[number] ??= Object.assign(document.createElement("li"), { className: "placeholder" }));
    element.setAttribute("aria-hidden", "true");
    element.style.top = `${index * ROW}px`;
    return element;
  };

  let due = false;
  const refresh = () => {
    if (due) return;
    due = true;
    requestAnimationFrame(() => {
      due = false;
      draw();
      look();
    });
  };
  scroller.addEventListener("scroll", refresh, { passive: true });
  new ResizeObserver(refresh).observe(scroller);

  return {
    show,
    /** The number of rows, as it is counted beside the question. */
    setTotal(count) {
      total = count;
      refresh();
    },
    /** The rows around a place: what is there, or undefined where nothing was loaded. */
    at: (index) => rows[index - from],
    length,
    /** The element of a row, if it is in sight. */
    elementOf: (id) => elements.get(id),
    /** Brings a row into sight and resolves with its element once it is there. */
    async reach(index) {
      const target = Math.max(0, Math.min(length() - 1, index));
      const top = beginning() + target * ROW;
      if (top < scroller.scrollTop) scroller.scrollTop = top;
      else if (top + ROW > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = top + ROW - scroller.clientHeight;
      draw();
      look();
      while (!rows[target - from] && loading) await new Promise(requestAnimationFrame);
      draw();
      return rows[target - from] && elements.get(rows[target - from].id);
    },
    refresh,
  };
}
