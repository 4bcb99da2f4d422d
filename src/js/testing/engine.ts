import init, { Database } from "../throughline.js";
import type { Port } from "../messages.js";
import type { OpenOptions } from "../options.js";
import { provide } from "../rest.js";
import { serve, type ServedDatabase } from "../serve.js";

let loaded: Promise<unknown> | undefined;

/** The wasm module from beside this file, once. */
async function load(): Promise<unknown> {
  const [first, rest] = await Promise.all([read(new URL("./throughline_bg.wasm", import.meta.url)), read(new URL("./throughline_rest.wasm", import.meta.url))]);
  provide(rest);
  return init({ module_or_path: first });
}

/** Node's fetch knows no files. */
async function read(url: URL): Promise<BufferSource> {
  if (url.protocol !== "file:") return (await fetch(url)).arrayBuffer();
  // By a name that no bundler follows: in a browser there is no such module.
  const files = "node:fs/promises";
  const { readFile } = (await import(files)) as { readFile(url: URL): Promise<BufferSource> };
  return readFile(url);
}

/** A worker that is none: the engine in this very thread, behind the same messages. */
export class LocalWorker implements Port {
  onmessage: ((event: MessageEvent) => unknown) | null = null;
  onerror = null;
  onmessageerror = null;
  readonly #inside: Port;
  #isOver = false;

  constructor() {
    this.#inside = {
      onmessage: null,
      postMessage: (message, transfer = []) => this.#deliver(() => this.onmessage, message, transfer),
    };
    serve(this.#inside, {
      init: () => (loaded ??= load()),
      open: (options) => Database.open(options as unknown as OpenOptions) as Promise<unknown> as Promise<ServedDatabase>,
    });
  }

  postMessage(message: unknown, transfer: Transferable[] = []): void {
    this.#deliver(() => this.#inside.onmessage, message, transfer);
  }

  terminate(): void {
    this.#isOver = true;
  }

  #deliver(to: () => Port["onmessage"], message: unknown, transfer: Transferable[]): void {
    const data: unknown = structuredClone(message, { transfer });
    queueMicrotask(() => {
      if (!this.#isOver) to()?.({ data } as MessageEvent);
    });
  }
}
