import { reportUncaught, toReport, workerError } from "./errors.js";
import type { AskPath, OpenMessage, PageMessage, Port, WireNotification, WireReply, WireRequest, WorkerMessage } from "./messages.js";
import type { WireOptions } from "./options.js";
import type { Seen } from "./protocol.js";

/** What this needs of the wasm module's `Database`. */
export interface ServedDatabase {
  request(request: WireRequest, id: number, done: number, timeout: number | undefined): Promise<WireReply>;
  cancel(id: number): void;
  took(subscription: number): void;
  visibility(visible: boolean): void;
  wake(): void;
  leave(): void;
  onNotification(callback: (notification: WireNotification) => void): void;
}

/** The options as the wasm module gets them: with the page's functions in their places, and what it is to know of the page. */
export interface ServedOptions extends Omit<WireOptions, "persist"> {
  /** Asks the page for persistent storage. `false`: it is not to be asked for. */
  persist?: false | (() => Promise<boolean>);
  session: string;
  visible: boolean;
  seen?: Seen | undefined;
  term?: true | undefined;
}

/** The wasm module, as far as it is needed here. */
export interface WasmModule {
  init(wasmUrl: string | undefined): Promise<unknown>;
  open(options: ServedOptions): Promise<ServedDatabase>;
}

/** The worker's end of the channel: opens the database once, then passes requests and notifications on. */
export function serve(port: Port, wasm: WasmModule): void {
  const post = (message: WorkerMessage, transfer: Transferable[] = []) => port.postMessage(message, transfer);
  const asked = new Map<number, { resolve(value: unknown): void; reject(error: unknown): void }>();
  let database: Promise<ServedDatabase> = Promise.reject(workerError("a request came before the database was opened"));
  database.catch(() => {});
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

  const open = async ({ options, asks, wasmUrl, session, visible, seen, term }: OpenMessage): Promise<ServedDatabase> => {
    await wasm.init(wasmUrl).catch((cause: unknown) => {
      throw workerError(`the wasm module could not be loaded: ${String(cause)}`, cause);
    });
    restore(options, asks);
    return wasm.open({ ...(options as ServedOptions), session, visible, seen, term });
  };

  const answer = (id: number, reply: Promise<WireReply>) =>
    reply.then(
      (value) => post({ type: "reply", id, reply: value }, movable(value)),
      (error: unknown) => post({ type: "failure", id, error: toReport(error) }),
    );

  const begin = (message: OpenMessage & { id: number }) => {
    database = open(message);
    // What is told before the page knows that it is open would find no listener there.
    let early: WireNotification[] | undefined = [];
    const told = (notification: WireNotification) =>
      early ? early.push(notification) : post({ type: "notification", notification }, movable(notification));
    tell((opened) => opened.onNotification(told));
    void answer(message.id, database.then(() => null)).then(() => {
      const untold = early ?? [];
      early = undefined;
      untold.forEach(told);
    });
  };

  /** In turn with the requests, and after the database is open. */
  const tell = (what: (database: ServedDatabase) => void) =>
    database.then(
      (opened) => {
        try {
          what(opened);
        } catch (error) {
          // Reaches the page's `worker.onerror`, which a rejection would not.
          reportUncaught(error);
        }
      },
      () => {},
    );

  port.onmessage = (event) => {
    const message = event.data as PageMessage | null | undefined;
    switch (message?.type) {
      case "open":
        return begin(message);
      case "request": {
        const { request, id, done, timeout } = message;
        return answer(id, database.then((opened) => opened.request(request, id, done, timeout)));
      }
      case "answer":
        asked.get(message.id)?.resolve(message.value);
        return asked.delete(message.id);
      case "answerFailed":
        asked.get(message.id)?.reject(Object.assign(new Error(), message.error));
        return asked.delete(message.id);
      // A bigint where wasm wants a number would throw, and whatever throws here ends the worker.
      case "cancel":
        return tell((opened) => opened.cancel(Number(message.id)));
      case "took":
        return tell((opened) => opened.took(Number(message.subscription)));
      case "visibility":
        return tell((opened) => opened.visibility(Boolean(message.visible)));
      case "wake":
      case "leave":
        return tell((opened) => opened[message.type]());
    }
  };
}

/** Results and whole files are moved to the page, not copied. */
function movable(...told: unknown[]): Transferable[] {
  return told.flatMap((one) => {
    if (Array.isArray(one)) return movable(...one);
    const { bytes, rows = bytes } = (one ?? {}) as { bytes?: unknown; rows?: unknown };
    const view = one instanceof Uint8Array ? one : rows;
    // A view into the module's memory can only be copied.
    const whole = view instanceof Uint8Array && view.byteLength === view.buffer.byteLength;
    return whole ? [view.buffer as ArrayBuffer] : [];
  });
}
