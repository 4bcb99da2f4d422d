import { readdirSync, readFileSync } from "node:fs";

/** The processes that live, with what they were started with and the group that they are in. */
export function allProcesses() {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name)).flatMap((pid) => {
    try {
      const args = readFileSync(`/proc/${pid}/cmdline`, "utf8").split("\0");
      // The name in brackets may hold anything.
      const [state, , group] = readFileSync(`/proc/${pid}/stat`, "utf8").replace(/.*\) /s, "").split(" ");
      return state === "Z" ? [] : [{ pid: Number(pid), group: Number(group), args }];
    } catch {
      // It ended meanwhile.
      return [];
    }
  });
}

/** Ends processes at once. */
export function kill(processes) {
  for (const { pid } of processes) {
    try {
      process.kill(pid, "SIGKILL");
    } catch (error) {
      // One that was killed just before may have taken it along.
      if (error.code !== "ESRCH") throw error;
    }
  }
}
