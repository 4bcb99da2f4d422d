// The worker's script where the wasm module comes in one piece: inside the JavaScript, and as the larger one with full-text search.

import init, { Database } from "./throughline.js";
import type { Port } from "./messages.js";
import type { OpenOptions } from "./options.js";
import { serve, type ServedDatabase } from "./serve.js";

serve(globalThis as unknown as Port, {
  init: (wasmUrl) => (wasmUrl === undefined ? init() : init({ module_or_path: wasmUrl })),
  open: (options) => Database.open(options as unknown as OpenOptions) as Promise<unknown> as Promise<ServedDatabase>,
});

addEventListener("unhandledrejection", ({ reason }) => reportError(reason));
