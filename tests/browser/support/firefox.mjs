// Firefox instead of Chromium, for `newProfile({ browser: firefox })`: how it is started, and which processes are a profile's.

import { readlinkSync } from "node:fs";
import { join } from "node:path";
import { firefox } from "playwright-core";
import { allProcesses } from "./processes.mjs";

const EXECUTABLE = process.env.THROUGHLINE_FIREFOX ?? "/usr/bin/firefox-esr";
/** Without these it calls its maker. */
const PREFERENCES = { "services.settings.server": "data:,x", "app.normandy.enabled": false };

/** It starts again by itself after it was killed. */
export const marks = [];

/** What it tells its console, and no page, when a worker is terminated while something in it still runs. */
export const noise = ["uncaught exception: undefined"];

/** Starts it; `preferences` are those of `about:config`. The channel is the one that drives Mozilla's own build, not Playwright's. */
export function launch(folder, { preferences, ...options }) {
  return firefox.launchPersistentContext(folder, {
    channel: "moz-firefox",
    executablePath: EXECUTABLE,
    firefoxUserPrefs: { ...PREFERENCES, ...preferences },
    ...options,
  });
}

/** Its processes, the first one first: only that one names the profile, and it leads the group of them all. */
export function processes(folder) {
  const first = lockedBy(folder);
  return allProcesses().filter(({ group }) => group === first);
}

/** The process that the profile's lock names, also when it is dead; none after a clean end. */
function lockedBy(folder) {
  try {
    return Number(readlinkSync(join(folder, "lock")).split("+")[1]);
  } catch {
    return undefined;
  }
}
