const real = { Date, setTimeout, clearTimeout };

/** Lets what is under way in this thread go on: replies, answers, and what follows from them. */
export async function turns(count = 4): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise<void>((resolve) => real.setTimeout(resolve));
}

/**
 * The time of every world of this process. It flows as usual until it is stopped, and can be moved ahead.
 *
 * @example
 * ```ts
 * world.server.offline = true;
 * await db.execute("DELETE FROM todos");
 * world.server.offline = false;
 * await world.clock.advance(60_000); // Whatever pause the uploads make, it is over.
 * ```
 */
export class Clock {
  #skew = 0;
  #stopped: number | undefined;
  readonly #timers = new Map<number, { at: number; run: () => void }>();
  #next = 1;
  #waking: ReturnType<typeof setTimeout> | undefined;

  /** Milliseconds since 1970. */
  get now(): number {
    return this.#stopped ?? real.Date.now() + this.#skew;
  }

  /** From now on time passes by {@link advance} alone. */
  stop(): void {
    this.#stopped ??= this.now;
    this.#plan();
  }

  /** Time flows again. */
  start(): void {
    if (this.#stopped === undefined) return;
    this.#skew = this.#stopped - real.Date.now();
    this.#stopped = undefined;
    this.#plan();
  }

  /** Moves time ahead; on the way timers fire at their moments, and what they set off is done before the next one. */
  async advance(ms: number): Promise<void> {
    const until = this.now + ms;
    await turns();
    for (let due = this.#first(); due && due[1].at <= until; due = this.#first()) {
      this.#move(due[1].at);
      this.#fire(...due);
      await turns();
    }
    this.#move(until);
    this.#plan();
    await turns();
  }

  /** @internal */
  setTimeout = (run: () => void, ms = 0): number => {
    const id = this.#next++;
    this.#timers.set(id, { at: this.now + Math.max(0, ms), run });
    this.#plan();
    return id;
  };

  /** @internal */
  clearTimeout = (id: number): void => {
    if (this.#timers.delete(id)) this.#plan();
  };

  #first() {
    return [...this.#timers].sort(([one, { at: a }], [two, { at: b }]) => a - b || one - two)[0];
  }

  #move(to: number): void {
    if (to <= this.now) return;
    if (this.#stopped === undefined) this.#skew += to - this.now;
    else this.#stopped = to;
  }

  #fire(id: number, { run }: { run: () => void }): void {
    this.#timers.delete(id);
    run();
  }

  /** Wakes for the next timer; a stopped clock has those of this very moment alone. */
  #plan(): void {
    real.clearTimeout(this.#waking);
    const first = this.#first();
    if (!first) return;
    const wait = first[1].at - this.now;
    if (this.#stopped !== undefined && wait > 0) return;
    this.#waking = real.setTimeout(() => {
      const due = this.#first();
      if (due && due[1].at <= this.now) this.#fire(...due);
      this.#plan();
    }, wait);
    // A timer far ahead is no reason for a process of Node to stay.
    (this.#waking as { unref?(): void }).unref?.();
  }
}

/** One for all: the wasm module is there once, and has one clock. */
export const clock = new Clock();
