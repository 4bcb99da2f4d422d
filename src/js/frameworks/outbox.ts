import type { ThroughlineError } from "../errors.js";
import type { Status, TransactionRecord } from "../protocol.js";
import type { AnyDatabase, Store } from "./store.js";

/** The app's transactions that the server has not settled, oldest first. */
export interface OutboxState {
  /** Those that are not yet confirmed. */
  pending: readonly TransactionRecord[];
  /** Those the server refused and the app has not dealt with. */
  rejected: readonly TransactionRecord[];
}

const EMPTY: OutboxState = { pending: [], rejected: [] };

/** A store that listens to its source while somebody listens to it. */
class Source<State> implements Store<State> {
  readonly #listen: (set: (state: State) => void) => () => void;
  readonly #readers = new Set<() => void>();
  #state: State;
  #stop: (() => void) | undefined;

  constructor(first: State, listen: (set: (state: State) => void) => () => void) {
    this.#state = first;
    this.#listen = listen;
  }

  get(): State {
    return this.#state;
  }

  subscribe(onChange: () => void): () => void {
    const reader = () => onChange();
    this.#readers.add(reader);
    this.#stop ??= this.#listen((state) => {
      this.#state = state;
      for (const each of [...this.#readers]) if (this.#readers.has(each)) each();
    });
    return () => {
      if (!this.#readers.delete(reader) || this.#readers.size > 0) return;
      this.#stop?.();
      this.#stop = undefined;
    };
  }
}

const statuses = new WeakMap<AnyDatabase, Store<Status | undefined>>();

/** The status of a database, `undefined` until it was told. */
export function statusStore(database: AnyDatabase): Store<Status | undefined> {
  return remember(statuses, database, () => new Source<Status | undefined>(undefined, (set) => database.onStatus(set)));
}

const outboxes = new WeakMap<AnyDatabase, Store<OutboxState>>();

/** The outbox of a database. It is read again when something in it may be different. */
export function outboxStore(database: AnyDatabase): Store<OutboxState> {
  return remember(outboxes, database, () => new Source(EMPTY, (set) => listenToOutbox(database, set)));
}

function listenToOutbox(database: AnyDatabase, set: (state: OutboxState) => void): () => void {
  let [reading, again, over] = [false, false, false];
  const read = async () => {
    if (reading) return void (again = true);
    reading = true;
    do {
      again = false;
      try {
        const [pending, rejected] = await Promise.all([database.pending(), database.rejected()]);
        if (!over) set({ pending, rejected });
      } catch (error) {
        // A database that was closed has nothing more to tell.
        if (!isClosed(error)) reportError(error);
      }
    } while (again && !over);
    reading = false;
  };
  const stops = [
    database.onStatus(read),
    database.on("accepted", read),
    database.on("confirmed", read),
    database.on("rejected", read),
  ];
  return () => {
    over = true;
    for (const stop of stops) stop();
  };
}

function isClosed(error: unknown): boolean {
  return (error as ThroughlineError | undefined)?.code === "CLOSED";
}

function remember<S>(known: WeakMap<AnyDatabase, S>, database: AnyDatabase, make: () => S): S {
  const store = known.get(database) ?? make();
  known.set(database, store);
  return store;
}
