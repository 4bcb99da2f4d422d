// The worker's script where everything is inside one file: the module comes whole.

import init, { Database } from "../throughline.js";
import type { Port } from "../messages.js";
import type { OpenOptions } from "../options.js";
import { serve, type ServedDatabase } from "../serve.js";

serve(globalThis as unknown as Port, {
  init: (wasmUrl) => init({ module_or_path: wasmUrl as string }),
  open: (options) => Database.open(options as unknown as OpenOptions) as Promise<unknown> as Promise<ServedDatabase>,
});

addEventListener("unhandledrejection", ({ reason }) => reportError(reason));
