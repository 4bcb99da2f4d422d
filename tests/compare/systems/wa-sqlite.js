// wa-sqlite on the file system it recommends, as far as it goes without a product around it: the bare table.

import { Remote } from "./rpc.js";

export const open = () => new Remote(new Worker(new URL("./worker.js", import.meta.url), { type: "module" })).database();
