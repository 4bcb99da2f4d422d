const LONGEST_MS = 20_000;
const PAUSE_MS = 25;

/**
 * Asks again and again until the answer is truthy, and resolves with it. For what lies outside a page, such as the
 * server's log; the time limit ends a test that hangs and decides nothing else.
 */
export async function until(what, ask) {
  const deadline = Date.now() + LONGEST_MS;
  for (;;) {
    const answer = await ask();
    if (answer) return answer;
    if (Date.now() > deadline) throw new Error(`it did not happen: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
