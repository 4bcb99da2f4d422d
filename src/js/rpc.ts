import { abortable, NO_LIMIT, type Waiting } from "./abort.js";
import { argumentError, leaderChangedError, reportUncaught, ThroughlineError, toFailure } from "./errors.js";
import { Listeners } from "./listeners.js";
import type {
  Notice,
  OpenMessage,
  PageMessage,
  Port,
  RequestMessage,
  WireNotification,
  WireReplies,
  WireReply,
  WireRequest,
  WorkerMessage,
} from "./messages.js";
import type { AppFunction } from "./options.js";
import { Standing } from "./standing.js";

interface Waiter {
  readonly message: OpenMessage | RequestMessage;
  /** Asked by the app: the next worker gets it as well. */
  readonly kept: boolean;
  readonly answer: Promise<WireReply>;
  resolve(reply: WireReply): void;
  reject(error: unknown): void;
}

/**
 * The page's end of the channel: each call has an id, each reply names it. It outlives the worker at the other end: what is
 * unanswered is asked again of the next one, under the same id.
 */
export class Rpc {
  /** Called for what the database tells unasked. */
  onNotification: (notification: WireNotification) => void = () => {};
  /** Told once, when the channel ends. */
  readonly onEnd = new Listeners<ThroughlineError>();
  /** How many workers are gone: a transaction that one began is lost with it. */
  life = 0;
  /** Ended by this page: that is no news to it. */
  leaving = false;
  /** What `connect()` or `disconnect()` said last. */
  connected: boolean | undefined;

  #port: Port | undefined;
  readonly #functions: readonly AppFunction[];
  readonly #waiting = new Map<number, Waiter>();
  readonly #asked = new Map<number, AbortController>();
  readonly #standing = new Standing();
  #nextId = 1;
  #ended: ThroughlineError | undefined;

  constructor(functions: readonly AppFunction[] = []) {
    this.#functions = functions;
  }

  /** Whether the channel has ended: closed by the app, or the worker died for good. */
  get ended(): boolean {
    return this.#ended !== undefined;
  }

  /** Talks to a worker from now on: opens the database there and asks again for what stands, then for what is unanswered. */
  attach(port: Port, message: OpenMessage): Promise<unknown> {
    const unanswered = [...this.#waiting];
    this.#port = port;
    port.onmessage = (event) => this.#receive(event.data as WorkerMessage);
    const opened = this.#ask(message, false);
    for (const request of this.#standing.all()) this.#askAgain(request);
    for (const [id, { message }] of unanswered) this.#send(id, message);
    return opened;
  }

  /** The worker is gone: what is unanswered waits for the next one, but for what belongs to a transaction. */
  detach(): void {
    if (!this.#port) return;
    this.#port.onmessage = null;
    this.#port = undefined;
    this.life++;
    this.#dismissAll();
    for (const [id, { message, kept, reject }] of this.#waiting) {
      // Whether a commit has happened the database knows: it is asked again.
      const inTransaction = message.type === "request" && "transaction" in message.request && message.request.type !== "commit";
      if (!kept || inTransaction) this.#waiting.delete(id);
      if (inTransaction) reject(leaderChangedError());
    }
  }

  /**
   * Sends a request at once, so that requests arrive in the order of the calls.
   *
   * @param life - of the worker that it is for, if no other will do.
   */
  request<Request extends WireRequest>(
    request: Request,
    waiting: Waiting = {},
    life = this.life,
  ): Promise<WireReplies[Request["type"]]> {
    const { timeout = NO_LIMIT } = waiting;
    const limited = timeout < NO_LIMIT && ("sql" in request || "statements" in request);
    return abortable(waiting, async (signal) => {
      if (life !== this.life) throw leaderChangedError();
      // Kept as it is now: it may have to be sent again when the app has changed the object.
      const copy = "shape" in request || "subset" in request ? crossing(() => structuredClone(request)) : request;
      return this.#ask({ type: "request", request: copy, ...(limited && { timeout: Math.ceil(timeout) }) }, true, signal);
    }) as Promise<WireReplies[Request["type"]]>;
  }

  /** Tells the worker something, if there is one. */
  tell(notice: Notice): void {
    this.#port?.postMessage(notice);
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
    this.#port = undefined;
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject } of waiting) reject(error);
    this.#dismissAll();
    this.onEnd.emit(error);
  }

  async #ask(message: OpenMessage | RequestMessage, kept: boolean, signal?: AbortSignal): Promise<WireReply> {
    if (this.#ended) throw this.#ended;
    const id = this.#nextId++;
    let settle!: Pick<Waiter, "resolve" | "reject">;
    const answer = new Promise<WireReply>((resolve, reject) => (settle = { resolve, reject }));
    this.#waiting.set(id, { message, kept, answer, ...settle });
    signal?.addEventListener("abort", () => {
      if (this.#take(id)) this.tell({ type: "cancel", id });
    });
    this.#send(id, message);
    return answer;
  }

  #askAgain(request: WireRequest): void {
    this.#ask({ type: "request", request }, false).catch((error: ThroughlineError) => {
      if (this.#ended) return;
      if (request.type !== "live") return reportUncaught(error);
      this.#notify({ type: "liveFailed", subscription: request.subscription, error });
    });
  }

  #send(id: number, message: OpenMessage | RequestMessage): void {
    const done = this.#waiting.keys().next().value as number;
    try {
      this.#post(message.type === "open" ? { ...message, id } : { ...message, id, done });
    } catch (error) {
      this.#take(id)?.reject(error);
    }
  }

  #receive(message: WorkerMessage): void {
    switch (message.type) {
      case "reply": {
        const waiter = this.#take(message.id);
        if (waiter?.kept) this.#standing.add((waiter.message as RequestMessage).request);
        return waiter?.resolve(message.reply);
      }
      case "failure":
        return this.#take(message.id)?.reject(new ThroughlineError(message.error));
      case "notification":
        return this.#notify(message.notification);
      case "ask":
        return void this.#answer(message.id, message.of, message.about);
      case "dismiss":
        return this.#asked.get(message.id)?.abort();
    }
  }

  #notify(notification: WireNotification): void {
    if (this.#ended) return;
    if (notification.type === "liveFailed") this.#standing.drop(notification.subscription);
    this.onNotification(notification);
  }

  #take(id: number): Waiter | undefined {
    const waiter = this.#waiting.get(id);
    this.#waiting.delete(id);
    return waiter;
  }

  async #answer(id: number, of: number, about: unknown[]): Promise<void> {
    const port = this.#port;
    const asked = new AbortController();
    this.#asked.set(id, asked);
    // The worker that asked may be gone by then, and the next one counts anew.
    const answer = (message: PageMessage) => port === this.#port && this.#post(message);
    try {
      answer({ type: "answer", id, value: await this.#functions[of]?.ask(asked.signal, ...about) });
    } catch (error) {
      answer({ type: "answerFailed", id, error: toFailure(error) });
    }
    if (this.#asked.get(id) === asked) this.#asked.delete(id);
  }

  #dismissAll(): void {
    for (const asked of this.#asked.values()) asked.abort();
    this.#asked.clear();
  }

  #post(message: PageMessage): void {
    crossing(() => this.#port?.postMessage(message));
  }
}

/** The browser's DataCloneError names what cannot be cloned, such as a function among the options. */
function crossing<T>(send: () => T): T {
  try {
    return send();
  } catch (cause) {
    throw argumentError(`not something that can be passed to the database: ${(cause as Error).message}`, cause);
  }
}
