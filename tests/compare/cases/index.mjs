import { large } from "./large.mjs";
import { open } from "./open.mjs";
import { small } from "./small.mjs";

/** What is measured, in the order in which it is shown. */
export const cases = [open, small, large];
