// Chromium: how it is started, and which processes are a profile's.

import { spawn } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { chromium } from "playwright-core";
import { allProcesses } from "./processes.mjs";
import { until } from "./until.mjs";

const EXECUTABLE = process.env.THROUGHLINE_CHROMIUM ?? "/usr/bin/chromium";
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

/** What a killed one leaves in its profile as a mark of being alive, which would keep the next one from starting. */
export const marks = ["SingletonLock", "SingletonCookie", "SingletonSocket"];

/** Errors that are none. */
export const noise = [];

/** Starts it as Playwright does, with more flags. */
export function launch(folder, { flags = [], ...options }) {
  return chromium.launchPersistentContext(folder, {
    executablePath: EXECUTABLE,
    args: [...ARGS, ...flags],
    viewport: { width: 1280, height: 800 },
    ...options,
  });
}

/** Starts it as a person does. */
export async function launchAsUsed(folder) {
  const portFile = join(folder, "DevToolsActivePort");
  rmSync(portFile, { force: true });
  const args = [...ARGS, `--user-data-dir=${folder}`, "--remote-debugging-port=0", "about:blank"];
  const child = spawn(EXECUTABLE, args, { stdio: "ignore" });
  child.unref();
  process.once("exit", () => child.kill("SIGKILL"));
  const [port, path] = await until("the browser listens", () => {
    const lines = existsSync(portFile) ? readFileSync(portFile, "utf8").split("\n") : [];
    return lines.length >= 2 && lines;
  });
  return chromium.connectOverCDP(`ws://127.0.0.1:${port}${path}`, { noDefaults: true });
}

/** Its processes, renderers first to last: those that name this very profile folder. */
export const processes = (folder) => allProcesses().filter(({ args }) => args.includes(`--user-data-dir=${folder}`));
