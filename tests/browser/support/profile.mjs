// A user's browser: one profile folder, one Chromium process at a time.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./until.mjs";

const EXECUTABLE = process.env.THROUGHLINE_CHROMIUM ?? "/usr/bin/chromium";
const LONGEST_MS = 20_000;
const ARGS = [
  "--headless=new",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/**
 * Starts a browser with a fresh profile. `asUsed`: as a person has it, with hidden tabs, frozen ones and a back/forward cache, all of
 * which Playwright's own launch switches off.
 */
export async function newProfile(options) {
  const profile = new Profile(mkdtempSync(join(tmpdir(), "throughline-profile-")), options);
  await profile.start();
  return profile;
}

class Profile {
  #folder;
  #options;
  #asUsed;
  #context;
  #browser;
  /** What no page caught. */
  #uncaught = [];

  constructor(folder, { asUsed = false, ...options } = {}) {
    this.#folder = folder;
    this.#asUsed = asUsed;
    this.#options = options;
  }

  /** The browser, for what has no name here. */
  get context() {
    return this.#context;
  }

  /** Starts the browser on this profile. */
  async start() {
    this.#context = await (this.#asUsed ? this.#startAsUsed() : this.#launch());
    this.#context.setDefaultTimeout(LONGEST_MS);
    this.#context.on("weberror", (error) => this.#uncaught.push(String(error.error())));
  }

  #launch() {
    return chromium.launchPersistentContext(this.#folder, {
      executablePath: EXECUTABLE,
      args: ARGS,
      viewport: { width: 1280, height: 800 },
      ...this.#options,
    });
  }

  async #startAsUsed() {
    const portFile = join(this.#folder, "DevToolsActivePort");
    rmSync(portFile, { force: true });
    const args = [...ARGS, `--user-data-dir=${this.#folder}`, "--remote-debugging-port=0", "about:blank"];
    const child = spawn(EXECUTABLE, args, { stdio: "ignore" });
    child.unref();
    process.once("exit", () => child.kill("SIGKILL"));
    const [port, path] = await until("the browser listens", () => {
      const lines = existsSync(portFile) ? readFileSync(portFile, "utf8").split("\n") : [];
      return lines.length >= 2 && lines;
    });
    this.#browser = await chromium.connectOverCDP(`ws://127.0.0.1:${port}${path}`, { noDefaults: true });
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
    const pids = this.#processes();
    if (pids.length === 0) throw new Error("this profile has no browser to kill");
    for (const pid of pids) process.kill(pid, "SIGKILL");
    await until("the browser is gone", () => this.#processes().length === 0);
    await this.#context.close().catch(() => {});
    // A killed browser leaves its mark of being alive, which would keep the next one from starting.
    for (const name of ["SingletonLock", "SingletonCookie", "SingletonSocket"]) rmSync(join(this.#folder, name), { force: true });
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

  /** Its processes, renderers first to last: those that name this very profile folder. */
  #processes() {
    const ours = (pid) => {
      try {
        return readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0").includes(`--user-data-dir=${this.#folder}`);
      } catch {
        return false;
      }
    };
    return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && ours(name)).map(Number);
  }
}
