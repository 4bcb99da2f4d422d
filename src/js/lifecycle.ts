import type { Notice } from "./messages.js";

/** Whether somebody can see the page. */
export function isVisible(): boolean {
  return globalThis.document?.visibilityState !== "hidden";
}

/** What the worker of a page has to go along with. */
export interface PageLife {
  /** The page is frozen or goes into the back/forward cache: it must let go of everything now, for nothing runs there any more. */
  suspend(): void;
  /** It is back. */
  resume(): void;
  tell(notice: Notice): void;
}

/** Follows what the browser does with the page; the result stops it. */
export function followPage({ suspend, resume, tell }: PageLife): () => void {
  const over = new AbortController();
  const on = (target: Partial<EventTarget> | undefined, type: string, listener: (event: PageTransitionEvent) => void) =>
    target?.addEventListener?.(type, listener as EventListener, { signal: over.signal });
  const page = globalThis.document as Document | undefined;

  on(page, "freeze", suspend);
  on(page, "resume", resume);
  on(page, "visibilitychange", () => {
    tell({ type: "visibility", visible: isVisible() });
    if (isVisible()) tell({ type: "wake" });
  });
  on(globalThis, "pagehide", ({ persisted }) => (persisted ? suspend() : tell({ type: "leave" })));
  on(globalThis, "pageshow", resume);
  on(globalThis, "online", () => tell({ type: "wake" }));
  return () => over.abort();
}
