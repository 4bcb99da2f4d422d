import { fill, type Child } from "./dom.js";
import type { Source } from "./source.js";

/** What a view gets of the panel around it. */
export interface Around {
  readonly source: Source;
  /** Shows another view, with what it is to show. */
  go(view: string, about?: unknown): void;
  /** Tells the user, once; read out by screen readers. */
  say(message: string): void;
  /** Carries out what the user asked for, and says why it failed. */
  attempt(work: () => Promise<unknown>): Promise<void>;
}

/** One tab of the panel. */
export interface View {
  readonly element: HTMLElement;
  /** Looks again; called when it is shown, when the status has changed, and now and then. */
  refresh(): Promise<void>;
  /** It is shown because of this. */
  show?(about: unknown): void;
}

/** A part of a view that is made anew only when what it shows has changed, so that nobody's focus or selection is taken away. */
export class Painting {
  readonly #element: HTMLElement;
  #shown: string | undefined;

  constructor(element: HTMLElement) {
    this.#element = element;
  }

  paint(state: unknown, make: () => (Child | Child[])[]): void {
    const text = JSON.stringify(state, (_, value: unknown) => (typeof value === "bigint" ? `${value}n` : value)) ?? "";
    if (text === this.#shown) return;
    this.#shown = text;
    const root = this.#element.getRootNode() as ShadowRoot | Document;
    const key = this.#element.contains(root.activeElement) ? (root.activeElement as HTMLElement).dataset["key"] : undefined;
    fill(this.#element, ...make());
    if (key) this.#element.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }

  /** The next time it is made anew whatever it shows. */
  forget(): void {
    this.#shown = undefined;
  }
}
