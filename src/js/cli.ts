#!/usr/bin/env node
// `npx throughline`.

import { main } from "./pull/cli.js";

process.exitCode = await main(process.argv.slice(2), {
  fetch,
  print: (text) => void process.stdout.write(`${text}\n`),
  complain: (text) => void process.stderr.write(`${text}\n`),
});
