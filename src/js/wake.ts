/** Calls back when the page becomes visible, returns from the back-forward cache or comes online; the result stops it. */
export function onWake(wake: () => void): () => void {
  const page = globalThis.document as Document | undefined;
  const whenVisible = () => {
    if (page?.visibilityState === "visible") wake();
  };
  const target: Partial<EventTarget> = globalThis;
  page?.addEventListener("visibilitychange", whenVisible);
  target.addEventListener?.("pageshow", wake);
  target.addEventListener?.("online", wake);
  return () => {
    page?.removeEventListener("visibilitychange", whenVisible);
    target.removeEventListener?.("pageshow", wake);
    target.removeEventListener?.("online", wake);
  };
}
