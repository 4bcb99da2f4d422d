// The worker's script. Everything it does is in serve.ts; this names the wasm module and the worker's own channel.

import init, { Database } from "./throughline.js";
import type { Port } from "./messages.js";
import type { OpenOptions } from "./options.js";
import { lookBeside } from "./rest.js";
import { serve, type ServedDatabase } from "./serve.js";

serve(globalThis as unknown as Port, {
  init: (wasmUrl) => {
    if (wasmUrl === undefined) return init();
    lookBeside(wasmUrl);
    return init({ module_or_path: wasmUrl });
  },
  open: (options) => Database.open(options as unknown as OpenOptions) as Promise<unknown> as Promise<ServedDatabase>,
});

// A panic in the midst of something asynchronous would reach nobody: as an error it reaches the page, which starts another worker.
addEventListener("unhandledrejection", ({ reason }) => reportError(reason));
