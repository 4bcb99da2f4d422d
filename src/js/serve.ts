import { toReport, workerError } from "./errors.js";
import type { AskPath, PageMessage, Port, WireNotification, WireReply, WireRequest, WorkerMessage } from "./messages.js";
import type { WireOptions } from "./options.js";

/** What this needs of the wasm module's `Database`. */
export interface ServedDatabase {
  request(request: WireRequest): Promise<WireReply>;
  onNotification(callback: (notification: WireNotification) => void): void;
  wake?(): void;
}

/** The wasm module, as far as it is needed here. */
export interface WasmModule {
  init(wasmUrl: string | undefined): Promise<unknown>;
  open(options: WireOptions): Promise<ServedDatabase>;
}

/** The worker's end of the channel: opens the database once, then passes requests and notifications on. */
export function serve(port: Port, wasm: WasmModule): void {
  const post = (message: WorkerMessage) => port.postMessage(message);
  const asked = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let database: ServedDatabase | undefined;
  let nextAsk = 1;

  const ask = (of: number, about: unknown[]) =>
    new Promise<unknown>((resolve, reject) => {
      const id = nextAsk++;
      asked.set(id, { resolve, reject });
      // A signal cannot cross: the page makes its own.
      const { signal } = (about.at(-1) ?? {}) as { signal?: unknown };
      if (signal instanceof AbortSignal) {
        about.pop();
        signal.addEventListener("abort", () => post({ type: "dismiss", id }));
      }
      post({ type: "ask", id, of, about });
    });

  /** Puts functions back where the page took them out. */
  const restore = (options: WireOptions, asks: readonly AskPath[]) =>
    asks.forEach((path, of) => {
      let at: any = options;
      for (const name of path.slice(0, -1)) at = at[name] ??= {};
      at[path.at(-1) as string] = (...about: unknown[]) => ask(of, about);
    });

  const open = async ({ options, asks, wasmUrl }: Extract<PageMessage, { type: "open" }>): Promise<null> => {
    await wasm.init(wasmUrl).catch((cause: unknown) => {
      throw workerError(`the wasm module could not be loaded: ${String(cause)}`, cause);
    });
    restore(options, asks);
    database = await wasm.open(options);
    database.onNotification((notification) => post({ type: "notification", notification }));
    return null;
  };

  const request = async ({ request }: Extract<PageMessage, { type: "request" }>): Promise<WireReply> => {
    if (!database) throw workerError("a request came before the database was open");
    return database.request(request);
  };

  const answer = (id: number, reply: Promise<WireReply>) =>
    reply.then(
      (value) => post({ type: "reply", id, reply: value }),
      (error: unknown) => post({ type: "failure", id, error: toReport(error) }),
    );

  port.onmessage = (event) => {
    const message = event.data as PageMessage;
    switch (message.type) {
      case "open":
        return answer(message.id, open(message));
      case "request":
        return answer(message.id, request(message));
      case "answer":
        asked.get(message.id)?.resolve(message.value);
        return asked.delete(message.id);
      case "answerFailed":
        asked.get(message.id)?.reject(Object.assign(new Error(), message.error));
        return asked.delete(message.id);
      case "wake":
        return database?.wake?.();
    }
  };
}
