import { toReport, ThroughlineError, workerError } from "./errors.js";
import type { HeadersOf, PageMessage, Port, WireNotification, WireReply, WireRequest, WorkerMessage } from "./messages.js";
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
  const asked = new Map<number, { resolve(headers: Record<string, string>): void; reject(error: unknown): void }>();
  let database: ServedDatabase | undefined;
  let nextAsk = 1;

  const ask = (of: HeadersOf) =>
    new Promise<Record<string, string>>((resolve, reject) => {
      const id = nextAsk++;
      asked.set(id, { resolve, reject });
      post({ type: "headers", id, of });
    });

  const open = async ({ options, asks, wasmUrl }: Extract<PageMessage, { type: "open" }>): Promise<null> => {
    await wasm.init(wasmUrl).catch((cause: unknown) => {
      throw workerError(`the wasm module could not be loaded: ${String(cause)}`, cause);
    });
    for (const of of asks) {
      const endpoint = options[of];
      if (endpoint) endpoint.headers = () => ask(of);
    }
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
      case "headers":
        asked.get(message.id)?.resolve(message.headers);
        return asked.delete(message.id);
      case "headersFailed":
        asked.get(message.id)?.reject(new ThroughlineError(message.error));
        return asked.delete(message.id);
      case "wake":
        return database?.wake?.();
    }
  };
}
