import type { WireRequest } from "./messages.js";

/** What has been asked for and goes on: live queries, and shapes that were set at run time. A new worker is asked for it again. */
export class Standing {
  /** By a live query's number, or a shape's table and name. */
  readonly #requests = new Map<number | string, WireRequest>();

  /** Takes note of a request that was answered: of two about the same thing the later one stands. */
  add(request: WireRequest): void {
    if (request.type === "live") this.#requests.set(request.subscription, request);
    else if (request.type === "unsubscribe") this.drop(request.subscription);
    else if (request.type === "setShape" || request.type === "removeShape") {
      this.#requests.set(JSON.stringify([request.table, request.name ?? "default"]), request);
    }
  }

  /** A live query has ended. */
  drop(subscription: number): void {
    this.#requests.delete(subscription);
  }

  /** Everything that stands, in the order it was asked for. */
  all(): WireRequest[] {
    return [...this.#requests.values()];
  }
}
