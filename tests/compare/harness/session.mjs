// One system in a fresh browser, for one case.

import { readFileSync } from "node:fs";
import { basename } from "node:path";
import { COUNTED } from "./site.mjs";
import { newProfile } from "../../browser/support/profile.mjs";

/** Ends what hangs, and decides nothing else. */
const LONGEST_MS = 240_000;
/** Bytes of a row, as the backend makes them. */
export const ROW_BYTES = 150;

export class Session {
  #profile;
  #site;
  page;
  backend;
  system;
  options;

  static async start(system, { site, backend, options }) {
    const session = new Session();
    session.system = system;
    session.backend = backend;
    session.options = options;
    session.#site = site;
    session.#profile = await newProfile();
    session.#profile.context.setDefaultTimeout(LONGEST_MS);
    return session;
  }

  /** Ends the browser at once; its profile goes. What no page caught is told as text. */
  async end() {
    try {
      await this.#profile.dispose();
      return null;
    } catch (error) {
      return String(error.message ?? error);
    }
  }

  /** The address of the system's page: served with what it needs, or from the backend itself, without anyone in between. */
  #address(hash, direct) {
    return `${direct ? this.backend.origin : this.#site.origin}/${this.system.id}/index.html${hash ? `#${hash}` : ""}`;
  }

  /** Opens the system's page in a tab; a visit that was before is over then. */
  async visit(hash, { direct = false } = {}) {
    await this.page?.close();
    this.#site.forget();
    this.page = await this.tab(hash, { direct });
  }

  /** One more tab. */
  async tab(hash, { direct = false } = {}) {
    const page = await this.#profile.open(this.#address(hash, direct));
    page.setDefaultTimeout(LONGEST_MS);
    await page.waitForFunction(() => globalThis.compare);
    return page;
  }

  /** Visits the page, which opens its database at once; milliseconds from the navigation until it has a row. */
  async firstRow(kind) {
    await this.visit(kind);
    const [value, at] = await this.page.evaluate(async () => [await globalThis.compare.first, performance.timeOrigin]);
    return { value, files: this.#site.fetched(at + value) };
  }

  /** What this visit has fetched by now, without what is there to measure it. */
  filesSoFar() {
    return this.#site.fetched().filter((path) => !basename(path).startsWith("operations-"));
  }

  /** Visits the page and opens its database there. */
  async open(options = {}, visit = {}) {
    await this.visit("", visit);
    await this.page.evaluate((options) => globalThis.compare.open(options), options);
  }

  /** A second tab with the same database, which is then the one that is asked. */
  async another(options = {}) {
    this.page = await this.tab("");
    await this.page.evaluate((options) => globalThis.compare.open(options), options);
    return this.page;
  }

  /** Kills the process of a tab. */
  crash(page) {
    return this.#profile.crash(page);
  }

  /** Runs an operation of `page/operations.js` in the page. */
  run(name, ...args) {
    return this.page.evaluate(([name, args]) => globalThis.compare.run(name, args), [name, args]);
  }

  /** The rows from here on up to here, in whatever way the system gets those that are not its user's. */
  async load(from, to) {
    if (this.system.loadsFromServer) await this.backend.fill("todos", to, ROW_BYTES);
    await this.run("load", from, to);
  }

  /** From the next visit on the calls of workers to their files are counted. */
  async countCalls() {
    await this.#profile.context.addInitScript((prefix) => {
      const { Worker } = globalThis;
      globalThis.Worker = class extends Worker {
        constructor(url, options) {
          const { pathname } = new URL(url, location.href);
          super(options?.type === "module" ? `${prefix}${pathname}` : url, options);
        }
      };
    }, COUNTED);
  }

  /** The calls so far of the worker of this visit. */
  calls() {
    return this.page.evaluate(
      () =>
        new Promise((resolve) => {
          const channel = new BroadcastChannel("file calls");
          channel.onmessage = ({ data }) => (channel.close(), resolve(data));
          channel.postMessage("how many?");
        }),
    );
  }

  /** Peak resident memory of the process that renders the page, its workers included. */
  async peakBytes() {
    const pid = await this.#profile.rendererOf(this.page);
    const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, "utf8"));
    return Number(peak[1]) * 1024;
  }
}
