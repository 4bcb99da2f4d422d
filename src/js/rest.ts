// The second file of the wasm module: what a first use does not take. It is loaded while the first one works, and at once, with the
// worker at a standstill, if something of it is called before it is here. The glue of the module calls `withRest` and `beginRest`.

import { workerError } from "./errors.js";

/** Milliseconds between one attempt and the next: doubled up to the longest. */
const PAUSE = 1000;
const LONGEST_PAUSE = 60_000;

/** Milliseconds for the answer that may be in the cache. */
const PATIENCE = 2000;

/** Where it may lie, most likely first. */
const places = [new URL("throughline_rest.wasm", import.meta.url)];
const loading = new AbortController();
let imports: WebAssembly.Imports;
let first: WebAssembly.Exports;
let loaded = false;
let atHand: BufferSource | undefined;

/** For whoever has it already: nothing is loaded. */
export function provide(rest: BufferSource): void {
  atHand = rest;
}

/** Looks for it beside the first file, and only then beside this script. */
export function lookBeside(wasmUrl: string): void {
  places.unshift(new URL("throughline_rest.wasm", wasmUrl));
}

/** What the first file imports: the glue's functions, and what it calls when it needs the second one. */
export function withRest(own: WebAssembly.Imports): WebAssembly.Imports {
  imports = own;
  for (const module of Object.values(own)) module["load"] = load;
  return own;
}

/** Begins to load it; `exports` are those of the first file. */
export async function beginRest(exports: WebAssembly.Exports): Promise<void> {
  first = exports;
  if (atHand) return join(new WebAssembly.Module(atHand));
  for (let pause = PAUSE; !loaded; pause = Math.min(2 * pause, LONGEST_PAUSE)) {
    for (const place of places) {
      try {
        const module = await compile(await fetch(place, { priority: "low", signal: loading.signal }));
        return join(module);
      } catch {
        // The next place, or the next time; whoever needs it before that is told.
      }
    }
    if (!loaded) await new Promise((resolve) => setTimeout(resolve, pause));
  }
}

async function compile(response: Response): Promise<WebAssembly.Module> {
  if (!response.ok) throw new Error(String(response.status));
  const { headers } = response;
  return headers.get("content-type") === "application/wasm"
    ? WebAssembly.compileStreaming(response)
    : WebAssembly.compile(await response.arrayBuffer());
}

/** Called by the first file for what only the second one can do. */
function load(): void {
  loading.abort();
  let cause: unknown;
  for (const place of places) {
    // Chromium's cache keeps a second request for what is under way waiting for 20 seconds, aborted or not; it knows the other name not.
    // A bundler's address may be relative, which only a request resolves.
    for (const [address, timeout] of [[place, PATIENCE], [`${place}?now`, 0]] as const) {
      try {
        const request = new XMLHttpRequest();
        request.open("GET", address, false);
        request.responseType = "arraybuffer";
        request.timeout = timeout;
        request.send();
        if (request.status !== 200) throw new Error(`${address}: ${request.status}`);
        return join(new WebAssembly.Module(request.response as ArrayBuffer));
      } catch (error) {
        cause ??= error;
      }
    }
  }
  const error = workerError(`the rest of the wasm module could not be loaded: ${String(cause)}`, cause);
  // Who called may take it for an answer, but the module has stopped in midst of something: the page starts another worker.
  reportError(error);
  throw error;
}

/** Puts its functions where the first file calls them. */
function join(module: WebAssembly.Module): void {
  if (loaded) return;
  const functions = first["t0"] as WebAssembly.Table;
  const table = new Proxy({}, { get: (_, place) => functions.get(Number(place)) as WebAssembly.ExportValue });
  new WebAssembly.Instance(module, { ...imports, first, table });
  loaded = true;
}
