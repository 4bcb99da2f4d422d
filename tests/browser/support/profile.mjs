// A user's browser: one profile folder, one browser on it at a time.

import assert from "node:assert/strict";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as chromium from "./chromium.mjs";
import { kill } from "./processes.mjs";
import { until } from "./until.mjs";

const LONGEST_MS = 20_000;

/**
 * Starts a browser with a fresh profile: Chromium, or `browser`. `asUsed`, Chromium only: as a person has it, with hidden tabs, frozen
 * ones and a back/forward cache, all of which Playwright's own launch switches off.
 */
export async function newProfile(options) {
  const profile = new Profile(mkdtempSync(join(tmpdir(), "throughline-profile-")), options);
  await profile.start();
  return profile;
}

class Profile {
  #folder;
  /** Which one, and what it is started with. */
  #kind;
  #options;
  #asUsed;
  #context;
  #browser;
  /** What no page caught. */
  #uncaught = [];

  constructor(folder, { browser = chromium, asUsed = false, ...options } = {}) {
    this.#folder = folder;
    this.#kind = browser;
    this.#asUsed = asUsed;
    this.#options = options;
  }

  /** The browser, for what has no name here. */
  get context() {
    return this.#context;
  }

  /** Starts the browser on this profile. */
  async start() {
    this.#context = await (this.#asUsed ? this.#startAsUsed() : this.#kind.launch(this.#folder, this.#options));
    this.#context.setDefaultTimeout(LONGEST_MS);
    this.#context.on("weberror", (error) => this.#note(String(error.error())));
  }

  #note(error) {
    if (!this.#kind.noise.includes(error)) this.#uncaught.push(error);
  }

  async #startAsUsed() {
    this.#browser = await this.#kind.launchAsUsed(this.#folder);
    return this.#browser.contexts()[0];
  }

  /** A new tab at this address. */
  async open(url) {
    const page = await this.#context.newPage();
    await page.goto(url);
    return page;
  }

  /** Closes the browser as a user does. */
  async stop() {
    if (!this.#browser) return this.#context.close();
    const session = await this.#browser.newBrowserCDPSession();
    await session.send("Browser.close").catch(() => {});
    await until("the browser is gone", () => this.#processes().length === 0);
  }

  /** Ends the browser as a power cut does: nothing in it runs on. */
  async kill() {
    const processes = this.#processes();
    if (processes.length === 0) throw new Error("this profile has no browser to kill");
    kill(processes);
    await until("the browser is gone", () => this.#processes().length === 0);
    await this.#context.close().catch(() => {});
    for (const name of this.#kind.marks) rmSync(join(this.#folder, name), { force: true });
  }

  /** Closes the browser and removes the profile; fails if a page left an error uncaught. */
  async dispose() {
    await this.stop().catch(() => {});
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 10 });
    assert.deepEqual(this.#uncaught, []);
  }

  /** The process that renders a page; each tab that was opened by hand has its own. */
  async rendererOf(page) {
    const session = await this.#context.newCDPSession(page);
    let pid;
    session.on("Tracing.dataCollected", ({ value }) => {
      const started = value.find(({ name }) => name === "TracingStartedInBrowser");
      pid = started?.args.data?.frames?.[0]?.processId ?? pid;
    });
    const done = new Promise((resolve) => session.once("Tracing.tracingComplete", resolve));
    const traceConfig = { includedCategories: ["disabled-by-default-devtools.timeline"] };
    await session.send("Tracing.start", { transferMode: "ReportEvents", traceConfig });
    await session.send("Tracing.end");
    await done;
    await session.detach();
    return pid;
  }

  /** Lets a tab's renderer crash by itself: as sudden as {@link kill} and, unlike {@link crash}, possible in several tabs at once. */
  async fault(page) {
    const session = await this.#context.newCDPSession(page);
    const crashed = page.waitForEvent("crash");
    // There is nobody left to answer.
    session.send("Page.crash").catch(() => {});
    await crashed;
  }

  /** Kills a tab's renderer. */
  async crash(page) {
    const renderer = await this.rendererOf(page);
    const crashed = page.waitForEvent("crash");
    process.kill(renderer, "SIGKILL");
    await crashed;
  }

  /** What a browser does with a tab that nobody has looked at for long: nothing in it runs on. Only `asUsed`. */
  async freeze(page, state = "frozen") {
    const session = await this.#context.newCDPSession(page);
    await session.send("Page.setWebLifecycleState", { state });
    await session.detach();
  }

  #processes() {
    return this.#kind.processes(this.#folder);
  }
}
