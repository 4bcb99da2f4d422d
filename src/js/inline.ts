/**
 * For places where files are hard to serve: worker and wasm module are inside the JavaScript. An app downloads about twice as much,
 * and its content security policy needs `worker-src blob:` and `connect-src blob:` besides `'wasm-unsafe-eval'`.
 *
 * @packageDocumentation
 */

import { open as openFromFiles, type AnyTables, type Database, type OpenOptions, type Waiting } from "./index.js";
import { script, wasm } from "./inline/parts.js";

export * from "./index.js";

/** A worker needs its module under a URL; both are made once and stay, for workers are started again. */
let parts: Promise<{ workerUrl: string; wasmUrl: string }> | undefined;

/**
 * Opens a database as `open` of `throughline` does, without a file.
 *
 * @example
 * ```ts
 * import { open } from "throughline/inline";
 * const db = await open({ name: "app", tables: {} });
 * ```
 * @throws ThroughlineError as `open` does.
 */
export async function open<Tables extends object = AnyTables>(options: OpenOptions<Tables>, waiting?: Waiting): Promise<Database<Tables>> {
  return openFromFiles({ ...options, ...(await (parts ??= unpack())) }, waiting);
}

async function unpack(): Promise<{ workerUrl: string; wasmUrl: string }> {
  const packed = Uint8Array.from(atob(wasm), (character) => character.charCodeAt(0));
  const module = new Response(new Blob([packed]).stream().pipeThrough(new DecompressionStream("gzip")), { headers: { "content-type": "application/wasm" } });
  return {
    workerUrl: URL.createObjectURL(new Blob([script], { type: "text/javascript" })),
    wasmUrl: URL.createObjectURL(await module.blob()),
  };
}
