// What the wasm module finds in place of a worker's globals: the world's time and network. Its glue imports them by these names.

import { clock } from "./clock.js";

/** Servers by origin. */
export const servers = new Map<string, (request: Request) => Promise<Response>>();

export const { setTimeout, clearTimeout } = clock;

/** There is no network but the servers of the worlds. */
export async function fetch(request: Request): Promise<Response> {
  const answer = servers.get(new URL(request.url).origin);
  if (!answer) throw new TypeError(`there is no server ${request.url} in this world`);
  return answer(request);
}

const RealDate = globalThis.Date;

class WorldDate extends RealDate {
  constructor(...about: []) {
    if (about.length > 0) super(...about);
    else super(clock.now);
  }

  static override now(): number {
    return clock.now;
  }

  /** A date from elsewhere is one as well. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    return Object.prototype.toString.call(value) === "[object Date]";
  }
}

export { WorldDate as Date };

/** A world's databases are in memory and share nothing, so nobody else is on a channel. */
export class BroadcastChannel {
  onmessage = null;
  postMessage(): void {}
  close(): void {}
}

const began = clock.now;
const performance = { now: () => clock.now - began };

/** The worker's global object, as far as the module looks at it. */
export const scope = { performance, crypto: globalThis.crypto, navigator: {} };
