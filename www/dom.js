/** The element with this `data-testid`; the page and its tests call things by the same names. */
export const byTestId = (id, root = document) => root.querySelector(`[data-testid="${id}"]`);

/** A fresh copy of a template's one element. */
export const fromTemplate = (id) => document.getElementById(id).content.firstElementChild.cloneNode(true);

/** Text that survives a reload, or not where storage is blocked. */
export const remembered = {
  get(key) {
    try {
      return localStorage.getItem(`throughline-demo:${key}`);
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(`throughline-demo:${key}`, value);
    } catch {
      // It is a comfort only.
    }
  },
};

let hiding;

/** Shows for a while what went wrong with something the user just did. */
export function toast(error) {
  console.error(error);
  const element = byTestId("toast");
  element.textContent = error.message;
  element.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => (element.hidden = true), 6000);
}

/** `12 s ago` */
export function ago(millis, now = Date.now()) {
  const seconds = Math.max(0, Math.round((now - millis) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86400) return `${Math.floor(seconds / 3600)} h ago`;
  return new Date(millis).toLocaleDateString();
}

/** Leaves an element alone that says so already: a live region would say it again. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
