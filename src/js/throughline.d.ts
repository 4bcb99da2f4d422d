// What wasm-pack generates as throughline.js, as far as the worker uses it.

import type { ServedDatabase } from "./serve.js";
import type { WireOptions } from "./options.js";

export default function init(input?: { module_or_path?: string | URL }): Promise<unknown>;

export class Database {
  static open(options: WireOptions): Promise<ServedDatabase>;
}
