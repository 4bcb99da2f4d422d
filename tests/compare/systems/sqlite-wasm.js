// SQLite's own build on its pool of access handles, as far as it goes without a product around it: the bare table.

import { Remote } from "./rpc.js";

export const open = ({ variant }) =>
  new Remote(new Worker(new URL("./worker.js", import.meta.url), { type: "module" })).database(variant);
