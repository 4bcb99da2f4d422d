// Stands in for the browser's Worker: the real worker entry over a MessageChannel, with a scripted database behind it.

import { open, type Database, type OpenOptions } from "../../src/js/index.js";
import type { AnyTables } from "../../src/js/options.js";
import type { Notice, Port, WireNotification, WireRequest } from "../../src/js/messages.js";
import { serve, type ServedDatabase, type ServedOptions, type WasmModule } from "../../src/js/serve.js";
import { wireNotification, wireReply, type FlatNotification, type FlatReply } from "./wire.js";

/** What the scripted database says to a request; may throw, may wait. */
export type Script = (request: WireRequest) => FlatReply | Promise<FlatReply>;

/** One started worker as a test sees it. */
export interface WorkerDouble {
  /** Everything the database was asked, in order. */
  readonly requests: WireRequest[];
  /** The same requests as they are told from each other. */
  readonly asked: { type: WireRequest["type"]; id: number; done: number; timeout: number | undefined }[];
  /** What it was told besides, in order. */
  readonly notices: Notice[];
  /** What `Database.open` was given. */
  readonly options: ServedOptions | undefined;
  readonly url: string;
  terminated: boolean;
  notify(notification: FlatNotification): void;
  /** As when the worker's script throws. */
  crash(message: string): void;
}

/** Answers with nothing to say, except for requests whose replies have a shape. */
export const quiet: Script = (request) => {
  switch (request.type) {
    case "query":
      return { columns: [], values: [] };
    case "execute":
      return { rowsAffected: 0, transaction: null, columns: [], values: [] };
    case "batch":
      return request.statements.map(() => ({ rowsAffected: 0, transaction: null, columns: [], values: [] }));
    case "begin":
      return { transaction: 1 };
    case "commit":
      return { transaction: null };
    default:
      return null;
  }
};

/** Makes `new Worker` start doubles; returns those started, newest last. */
export function installWorker(script: Script, wasm: Partial<WasmModule> = {}): WorkerDouble[] {
  const started: WorkerDouble[] = [];
  globalThis.Worker = class {
    onmessage: Port["onmessage"] = null;
    onerror: ((event: { message: string }) => void) | null = null;
    onmessageerror: (() => void) | null = null;
    readonly #channel = new MessageChannel();
    readonly #double: WorkerDouble;

    constructor(url: URL | string) {
      let notify: (notification: WireNotification) => void = () => {};
      const double = {
        requests: [] as WireRequest[],
        asked: [] as WorkerDouble["asked"],
        notices: [] as Notice[],
        options: undefined as ServedOptions | undefined,
        url: String(url),
        terminated: false,
        notify: (notification: FlatNotification) => notify(wireNotification(notification)),
        crash: (message: string) => this.onerror?.({ message }),
      };
      this.#double = double;
      started.push(double);
      this.#channel.port2.onmessage = (event) => this.onmessage?.(event);
      const database: ServedDatabase = {
        request: async (request, id, done, timeout) => {
          double.requests.push(request);
          double.asked.push({ type: request.type, id, done, timeout });
          return wireReply(await script(request));
        },
        cancel: (id) => void double.notices.push({ type: "cancel", id }),
        took: (subscription) => void double.notices.push({ type: "took", subscription }),
        visibility: (visible) => void double.notices.push({ type: "visibility", visible }),
        wake: () => void double.notices.push({ type: "wake" }),
        leave: () => void double.notices.push({ type: "leave" }),
        onNotification: (callback) => void (notify = callback),
      };
      serve(this.#channel.port1 as unknown as Port, {
        init: wasm.init ?? (async () => {}),
        open: async (options) => {
          double.options = options;
          return wasm.open ? wasm.open(options) : database;
        },
      });
    }

    postMessage(message: unknown) {
      this.#channel.port2.postMessage(message);
    }

    terminate() {
      this.#double.terminated = true;
      this.#channel.port1.close();
    }
  } as unknown as typeof Worker;
  return started;
}

/** Options that any test can open with. */
export const todos: OpenOptions = {
  name: "app",
  electric: { url: "https://app.test/v1/shape" },
  write: { url: "https://app.test/changes" },
  tables: { todos: {} },
};

/** An open database and its worker; closed at the end of `body`. */
export async function withDatabase(
  script: Script,
  body: (db: Database<AnyTables>, worker: WorkerDouble, started: WorkerDouble[]) => Promise<void>,
  options: Partial<OpenOptions> = {},
): Promise<void> {
  const started = installWorker(script);
  const db = await open({ ...todos, ...options });
  try {
    await body(db, started[0] as WorkerDouble, started);
  } finally {
    await db.close();
  }
}

/** An error as the wasm module throws it. */
export function wasmError(code: string, message: string, retryable = false): Error {
  return Object.assign(new Error(message), { code, retryable });
}

/** A promise and what settles it. */
export function deferred<T>() {
  let resolve!: (value: T) => void;
  let reject!: (error: unknown) => void;
  const promise = new Promise<T>((yes, no) => {
    resolve = yes;
    reject = no;
  });
  return { promise, resolve, reject };
}
