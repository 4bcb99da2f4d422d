// Pages in a browser, and what they said when something went wrong.

import assert from "node:assert/strict";
import { newProfile } from "../../browser/support/profile.mjs";
import { until } from "../../browser/support/until.mjs";

/** Opens a page; failures of a test that uses it name what the page printed and what did not load. */
export async function openPage(profile, url) {
  const tab = await profile.context.newPage();
  const said = [];
  const modules = new Set();
  tab.on("console", (message) => said.push(message.text()));
  tab.on("pageerror", (error) => said.push(String(error)));
  // The worker itself gives up loading the module's second file when it needs it at once.
  tab.on("requestfailed", (request) => request.failure()?.errorText === "net::ERR_ABORTED" || said.push(`failed: ${request.url()}`));
  tab.on("response", (response) => response.ok() || said.push(`${response.status()}: ${response.url()}`));
  tab.on("response", (response) => response.ok() && new URL(response.url()).pathname.endsWith(".wasm") && modules.add(new URL(response.url()).pathname));
  await tab.goto(url);
  return { tab, said, modules };
}

/**
 * The page of this site opens a database in the browser's private file system and answers a query, by a wasm module that lies in so many
 * files: with the second one loaded as it comes, and with it loaded when it is called.
 */
export async function answers(site, { modules: files = 2 } = {}) {
  try {
    await answersAFreshBrowser(site, files);
    if (files > 1) await answersAFreshBrowser(site, files, (context) => context.route(/throughline_rest[^/]*\.wasm/, onlyAtOnce));
  } finally {
    await site.close();
  }
}

/** Leaves whoever loads it meanwhile waiting. */
const onlyAtOnce = (route) => route.request().resourceType() === "xhr" && route.continue();

async function answersAFreshBrowser(site, files, prepare = () => {}) {
  const profile = await newProfile();
  try {
    await prepare(profile.context);
    const { tab, said, modules } = await openPage(profile, site.url);
    try {
      await tab.waitForSelector("body[data-answer], body[data-failure]", { state: "attached", timeout: 60_000 });
    } catch (error) {
      throw new Error(`no answer; the page said:\n${said.join("\n")}`, { cause: error });
    }
    const { answer, failure } = await tab.evaluate(() => ({ ...document.body.dataset }));
    assert.equal(failure, undefined, `the page said:\n${said.join("\n")}`);
    assert.match(answer, /^3\.\d+\.\d+ opfs$/);
    assert.equal(await tab.evaluate(() => crossOriginIsolated), false);
    // The module's second file is asked for while the page works already.
    await until("the whole module is loaded", () => modules.size === files);
  } finally {
    await profile.dispose();
  }
}
