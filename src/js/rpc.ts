import { argumentError, ThroughlineError, toFailure } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { PageMessage, Port, WireNotification, WireReplies, WireReply, WireRequest, WorkerMessage } from "./messages.js";
import type { AppFunction, ResolvedOptions } from "./options.js";

interface Waiter {
  resolve(reply: unknown): void;
  reject(error: unknown): void;
  readonly answer: Promise<unknown>;
}

/** The page's end of the channel: each call has an id, each reply names it. */
export class Rpc {
  /** Called for what the database tells unasked. */
  onNotification: (notification: WireNotification) => void = () => {};
  /** Told once, when the channel ends. */
  readonly onEnd = new Listeners<ThroughlineError>();

  readonly #port: Port;
  readonly #functions: readonly AppFunction[];
  readonly #waiting = new Map<number, Waiter>();
  readonly #asked = new Map<number, AbortController>();
  #nextId = 1;
  #ended: ThroughlineError | undefined;

  constructor(port: Port, functions: readonly AppFunction[] = []) {
    this.#port = port;
    this.#functions = functions;
    port.onmessage = (event) => this.#receive(event.data as WorkerMessage);
  }

  /** Whether the channel has ended: closed by the app, or the worker died. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Opens the database; comes before any request. */
  async open({ wire, functions, wasmUrl }: ResolvedOptions): Promise<void> {
    const asks = functions.map(({ path }) => path);
    await this.#call((id) => ({ type: "open", id, options: wire, asks, ...(wasmUrl && { wasmUrl }) }));
  }

  /** Sends a request at once, so that requests arrive in the order of the calls. */
  request<Request extends WireRequest>(request: Request): Promise<WireReplies[Request["type"]]> {
    return this.#call((id) => ({ type: "request", id, request })) as Promise<WireReplies[Request["type"]]>;
  }

  /** Tells the worker that the page woke up or came online. */
  wake(): void {
    if (!this.#ended) this.#post({ type: "wake" });
  }

  /**
   * Resolves when each request so far is answered. The reply to the last request may come before that to an earlier
   * one: the worker settles several at once, such as a commit and the close that waited for it.
   */
  async answered(): Promise<void> {
    await Promise.allSettled([...this.#waiting.values()].map(({ answer }) => answer));
  }

  /** Ends the channel: what is waiting rejects with `error`, and so does every later call. */
  end(error: ThroughlineError): void {
    if (this.#ended) return;
    this.#ended = error;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const waiter of waiting) waiter.reject(error);
    for (const asked of this.#asked.values()) asked.abort();
    this.onEnd.emit(error);
  }

  #call(message: (id: number) => PageMessage): Promise<WireReply> {
    const id = this.#nextId++;
    let settle: Omit<Waiter, "answer"> | undefined;
    const answer = new Promise<WireReply>((resolve, reject) => {
      if (this.#ended) throw this.#ended;
      this.#post(message(id));
      settle = { resolve: resolve as Waiter["resolve"], reject };
    });
    if (settle) this.#waiting.set(id, { ...settle, answer });
    return answer;
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case "reply":
        return this.#take(message.id)?.resolve(message.reply);
      case "failure":
        return this.#take(message.id)?.reject(new ThroughlineError(message.error));
      case "notification":
        if (!this.#ended) this.onNotification(message.notification);
        return;
      case "ask":
        return void this.#answer(message.id, message.of, message.about);
      case "dismiss":
        return this.#asked.get(message.id)?.abort();
    }
  }

  #take(id: number): Waiter | undefined {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiter;
  }

  async #answer(id: number, of: number, about: unknown[]): Promise<void> {
    const asked = new AbortController();
    this.#asked.set(id, asked);
    try {
      const value = await this.#functions[of]?.ask(asked.signal, ...about);
      if (!this.#ended) this.#post({ type: "answer", id, value });
    } catch (error) {
      if (!this.#ended) this.#post({ type: "answerFailed", id, error: toFailure(error) });
    }
    this.#asked.delete(id);
  }

  #post(message: PageMessage): void {
    try {
      this.#port.postMessage(message);
    } catch (cause) {
      // The browser's DataCloneError names what cannot be cloned, such as a function among the options.
      throw argumentError(`not something that can be passed to the database: ${(cause as Error).message}`, cause);
    }
  }
}
