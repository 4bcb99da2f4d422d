import { closedError, ThroughlineError } from "./errors.js";
import { Listeners } from "./listeners.js";
import type { LiveSink } from "./runs.js";
import type { Marker } from "./marker.js";
import type { WireNotification, WireStatement } from "./messages.js";
import type { Recovery, Status, TransactionRecord } from "./protocol.js";
import type { Rpc } from "./rpc.js";

/** What `on` tells. */
export interface DatabaseEvents {
  /** The server has a transaction; its rows are not back yet. */
  accepted: TransactionRecord;
  /** A transaction came back through its shapes: local and server state agree on it. */
  confirmed: TransactionRecord;
  /** The server refused a transaction; it was rolled back here. What was rolled back with it is told after it. */
  rejected: TransactionRecord;
  /** The database's file was broken: it was set aside and rebuilt with what could be saved. */
  recovered: Recovery;
  /** The database ended, and not by this page: another tab wiped it (`CLOSED`), or its worker died again and again (`WORKER`). */
  closed: ThroughlineError;
}

/** Hands on what the database tells unasked to who asked for it. */
export class Events {
  readonly status = new Listeners<Status>();
  readonly #rpc: Rpc;
  readonly #marker: Marker;
  readonly #lives = new Map<number, LiveSink>();
  readonly #listeners: { [Event in keyof DatabaseEvents]: Listeners<DatabaseEvents[Event]> } = {
    accepted: new Listeners(),
    confirmed: new Listeners(),
    rejected: new Listeners(),
    recovered: new Listeners(),
    closed: new Listeners(),
  };
  #nextSubscription = 1;

  constructor(rpc: Rpc, marker: Marker) {
    this.#rpc = rpc;
    this.#marker = marker;
    rpc.onNotification = (notification) => this.#receive(notification);
    rpc.onEnd.add((error) => {
      this.#endLives(error);
      if (!rpc.leaving) this.#listeners.closed.emit(error);
    });
  }

  on<Event extends keyof DatabaseEvents>(event: Event, callback: (told: DatabaseEvents[Event]) => void): () => void {
    return this.#listeners[event].add(callback);
  }

  startLive(statement: WireStatement, key: string[], sink: LiveSink): () => void {
    const subscription = this.#nextSubscription++;
    this.#lives.set(subscription, sink);
    this.#rpc.request({ type: "live", subscription, ...statement, key }).catch((error) => this.#failLive(subscription, error));
    return () => {
      if (!this.#lives.delete(subscription)) return;
      // Fails only when the worker is gone, and the subscription with it.
      this.#rpc.request({ type: "unsubscribe", subscription }).catch(() => {});
    };
  }

  #receive(notification: WireNotification): void {
    switch (notification.type) {
      case "live":
        try {
          this.#lives.get(notification.subscription)?.apply(notification);
        } catch (error) {
          this.#lives.get(notification.subscription)?.fail(error as ThroughlineError);
        }
        // Also when nobody listens any more: the engine counts what is on its way.
        return this.#rpc.tell({ type: "took", subscription: notification.subscription });
      case "liveFailed":
        return this.#failLive(notification.subscription, new ThroughlineError(notification.error));
      case "status":
        this.#marker.note(notification.status);
        return this.status.emit(notification.status);
      case "closed":
        this.#marker.remove();
        return this.#rpc.end(closedError());
      case "recovered":
        return this.#listeners.recovered.emit(notification.recovery);
      default:
        // A name that a newer worker may add is nobody's event yet.
        return this.#listeners[notification.type]?.emit(notification.transaction);
    }
  }

  #failLive(subscription: number, error: ThroughlineError): void {
    const sink = this.#lives.get(subscription);
    this.#lives.delete(subscription);
    sink?.fail(error);
  }

  #endLives(error: ThroughlineError): void {
    const sinks = [...this.#lives.values()];
    this.#lives.clear();
    for (const sink of sinks) {
      if (error.code === "CLOSED") sink.end();
      else sink.fail(error);
    }
  }
}
