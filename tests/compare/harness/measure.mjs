// One case of one system in one run: what came of it, also when nothing did.

import { Session } from "./session.mjs";

/** Ends a case that hangs, and decides nothing else. */
const LONGEST_MS = 300_000;

/** Runs a case in a fresh browser; a failure is a result, and null is a case that is not this system's. */
export async function measure(one, system, surroundings) {
  if (system.lacks?.[one.id]) return null;
  const began = performance.now();
  const seconds = () => ((performance.now() - began) / 1000).toFixed(1);
  let session;
  let result;
  try {
    session = await Session.start(system, surroundings);
    result = await withinTime(one.run(session));
    console.log(`${one.id} · ${system.id} · ${seconds()} s · ${brief(result.measures)}`);
  } catch (error) {
    result = { failure: String(error.message ?? error).split("\n").slice(0, 6).join("\n") };
    console.log(`${one.id} · ${system.id} · ${seconds()} s · FAILED: ${result.failure}`);
  }
  const uncaught = await session?.end();
  return { seconds: Number(seconds()), ...result, ...(uncaught && { uncaught }) };
}

function withinTime(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`not done in ${LONGEST_MS / 1000} s`)), LONGEST_MS);
  });
  return Promise.race([work, late]).finally(() => clearTimeout(timer));
}

const brief = (measures) =>
  Object.entries(measures)
    .filter(([, measured]) => measured !== null && measured !== undefined)
    .map(([name, measured]) => `${name} ${Number((measured.value ?? measured).toPrecision(3))}`)
    .join(", ");
