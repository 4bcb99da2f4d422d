import { calls } from "./calls.mjs";
import { large } from "./large.mjs";
import { live } from "./live.mjs";
import { open } from "./open.mjs";
import { outbox } from "./outbox.mjs";
import { remote } from "./remote.mjs";
import { small } from "./small.mjs";
import { sync100k, sync10k, sync1m } from "./sync.mjs";
import { tabs } from "./tabs.mjs";

/** What is measured, in the order in which it is shown. */
export const cases = [open, calls, small, large, live, sync10k, sync100k, sync1m, remote, outbox, tabs];
