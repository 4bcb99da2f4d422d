/** What `h` puts into an element: text, elements, or nothing. */
export type Child = Node | string | number | null | undefined | false;

type Props = Record<string, unknown>;

/**
 * Makes an element. Functions are listeners (`onclick`), `true` is an attribute without a value, `false` and `undefined` are none;
 * `value` and `checked` are properties.
 */
export function h<Tag extends keyof HTMLElementTagNameMap>(tag: Tag, props: Props = {}, ...children: (Child | Child[])[]): HTMLElementTagNameMap[Tag] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") element.addEventListener(name.slice(2), value as EventListener);
    else if (name === "value" || name === "checked") (element as unknown as Props)[name] = value;
    else if (value === true) element.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) element.setAttribute(name, String(value));
  }
  fill(element, ...children);
  return element;
}

/** Replaces what an element holds. */
export function fill(element: Element, ...children: (Child | Child[])[]): void {
  element.replaceChildren(...children.flat().filter(isSomething).map(toNode));
}

/** Offers bytes or text as a file. */
export function download(name: string, content: BlobPart, type: string): void {
  const url = URL.createObjectURL(new Blob([content], { type }));
  h("a", { href: url, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/** A table with a head; cells may be elements. */
export function table(caption: string, head: Child[], rows: Child[][], mark: (at: number) => Props = () => ({})): HTMLElement {
  const cells = (row: Child[]) => row.map((cell) => h("td", {}, cell));
  return h(
    "div",
    { class: "scroll", tabindex: "0", role: "group", "aria-label": caption },
    h(
      "table",
      {},
      h("thead", {}, h("tr", {}, head.map((cell) => h("th", { scope: "col" }, cell)))),
      h("tbody", {}, rows.map((row, at) => h("tr", mark(at), cells(row)))),
    ),
  );
}

/** Names with what they are. */
export function facts(all: Record<string, Child>): HTMLElement {
  const entries = Object.entries(all).filter(([, value]) => isSomething(value));
  return h("dl", {}, entries.flatMap(([name, value]) => [h("dt", {}, name), h("dd", {}, value)]));
}

function isSomething(child: Child): child is Node | string | number {
  return child !== null && child !== undefined && child !== false;
}

function toNode(child: Node | string | number): Node | string {
  return typeof child === "number" ? String(child) : child;
}
