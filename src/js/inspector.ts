/**
 * The inspector: what a database holds and does, in a panel of its own. An app imports it when it is wanted, and pays nothing before.
 *
 * @packageDocumentation
 */

import type { Database } from "./client.js";
import { openPanel } from "./inspector/panel.js";
import { Source } from "./inspector/source.js";

/** Where the panel goes. */
export interface InspectOptions {
  /** Takes the panel in, as its last child. Without it the panel lies over the lower part of the page. */
  element?: HTMLElement | undefined;
  /** What the panel and its downloads are called. Default: `database`. */
  name?: string | undefined;
}

/** An open panel. */
export interface Inspector {
  /** The element that holds it. */
  readonly element: HTMLElement;
  /** Takes it away; the database stays open. */
  close(): void;
}

/**
 * Opens a panel on a database: tables and why a row looks as it does, the outbox and its repair, shapes, live queries, tabs, a trace to
 * play again, SQL, and the file.
 *
 * @example
 * ```ts
 * const { inspect } = await import("throughline/inspector");
 * const inspector = inspect(db);
 * inspector.close();
 * ```
 */
export function inspect(db: Database<any>, { element, name = "database" }: InspectOptions = {}): Inspector {
  const host = (element ?? document.body).appendChild(document.createElement("div"));
  host.className = element ? "inside" : "floating";
  const close = () => {
    end();
    host.remove();
  };
  const end = openPanel(host, new Source(db), name, close);
  return { element: host, close };
}
