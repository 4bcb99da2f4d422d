import { mount as show, unmount } from "svelte";
import List from "./List.svelte";

export function mount(db, target) {
  const shown = show(List, { target, props: { db } });
  return { unmount: () => unmount(shown) };
}
