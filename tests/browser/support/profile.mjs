// A user's browser: one profile folder, one Chromium process at a time.

import assert from "node:assert/strict";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { until } from "./until.mjs";

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

/** Starts a browser with a fresh profile. */
export async function newProfile(options) {
  const profile = new Profile(mkdtempSync(join(tmpdir(), "throughline-profile-")), options);
  await profile.start();
  return profile;
}

class Profile {
  #folder;
  #options;
  #context;
  /** What no page caught. */
  #uncaught = [];

  constructor(folder, options = {}) {
    this.#folder = folder;
    this.#options = options;
  }

  /** The browser, for what has no name here. */
  get context() {
    return this.#context;
  }

  /** Starts the browser on this profile. */
  async start() {
    this.#context = await chromium.launchPersistentContext(this.#folder, {
      executablePath: process.env.THROUGHLINE_CHROMIUM ?? "/usr/bin/chromium",
      args: ARGS,
      viewport: { width: 1280, height: 800 },
      ...this.#options,
    });
    this.#context.setDefaultTimeout(LONGEST_MS);
    this.#context.on("weberror", (error) => this.#uncaught.push(String(error.error())));
  }

  /** A new tab at this address. */
  async open(url) {
    const page = await this.#context.newPage();
    await page.goto(url);
    return page;
  }

  /** Closes the browser as a user does. */
  async stop() {
    await this.#context.close();
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
