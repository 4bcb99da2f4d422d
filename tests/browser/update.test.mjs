// A new version of the demo: it waits until it is wanted, and then all tabs have it.

import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { signServiceWorker } from "../../scripts/site.mjs";
import { Demo } from "./support/demo.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let first;
let second;

setStage({}, async () => {
  first = await Demo.open(profile, server);
  await first.settled();
  await first.page.evaluate(() => navigator.serviceWorker.ready);
  second = await Demo.open(profile, server);
  await second.settled();
});

const name = (demo) => demo.page.locator("h1").textContent();
const bar = (demo) => demo.page.getByTestId("update-bar");
/** The files that are kept, by path and version. */
const kept = () => first.page.evaluate(async () => (await (await caches.open("throughline-demo")).keys()).map(({ url }) => url));

function publish(title) {
  const page = join(server.site, "index.html");
  writeFileSync(page, readFileSync(page, "utf8").replace(/<h1>.*<\/h1>/, `<h1>${title}</h1>`));
  signServiceWorker(server.site);
}

const look = (demo) => demo.page.evaluate(async () => (await navigator.serviceWorker.ready).update());

describe("a new version", () => {
  it("takes nothing over that was not asked for: a first visit does not reload", async () => {
    assert.equal(await first.page.evaluate(() => performance.getEntriesByType("navigation")[0].type), "navigate");
    assert.ok(await bar(first).isHidden());
  });

  it("waits, is offered in each tab, and a reload alone does not take it", async () => {
    const before = await kept();
    publish("Throughline, next");
    await look(first);
    await Promise.all([first, second].map((demo) => bar(demo).waitFor()));
    await second.page.reload();
    await second.opened();
    assert.equal(await name(second), "Throughline");
    await bar(second).waitFor();
    // Of what did not change nothing is kept twice.
    assert.equal((await kept()).length, before.length + 1);
  });

  it("is taken by both tabs with their writes, and what was kept for the old one goes", async () => {
    const before = await kept();
    await first.goOffline();
    await first.add("Written under the old version");
    await first.shows("Written under the old version", "pending");
    await second.page.getByTestId("update").click();
    for (const demo of [first, second]) {
      await demo.page.getByRole("heading", { name: "Throughline, next" }).waitFor();
      await demo.opened();
      await demo.shows("Written under the old version", "pending");
      assert.ok(await bar(demo).isHidden());
    }
    assert.equal((await kept()).length, before.length - 1);
    await first.goOnline();
    await first.shows("Written under the old version", "confirmed");
  });

  it("does not take away what somebody is typing", async () => {
    publish("Throughline, later");
    await second.page.bringToFront();
    await second.page.getByTestId("new-title").fill("Half a thou");
    await second.page.getByTestId("new-title").focus();
    await look(second);
    await bar(second).waitFor();
    await second.page.evaluate(async () => (await navigator.serviceWorker.ready).waiting.postMessage("take over"));
    await first.page.getByRole("heading", { name: "Throughline, later" }).waitFor();
    assert.equal(await second.page.getByTestId("new-title").inputValue(), "Half a thou");
    assert.equal(await name(second), "Throughline, next");
    await second.page.getByTestId("new-title").press("End");
    await second.page.keyboard.type("ght");
    await second.page.keyboard.press("Enter");
    await second.shows("Half a thought", "confirmed");
    await second.page.getByTestId("search").focus();
    await second.page.getByRole("heading", { name: "Throughline, later" }).waitFor();
  });

  it("that cannot be fetched whole is none", async () => {
    const before = await kept();
    publish("Throughline, torn");
    // A server that is being updated: the list is there, the page is another one.
    const page = join(server.site, "index.html");
    writeFileSync(page, readFileSync(page, "utf8").replace("torn", "half"));
    await look(second).catch(() => {});
    await second.page.evaluate(async () => {
      const registration = await navigator.serviceWorker.ready;
      while (registration.installing) await new Promise((resolve) => registration.installing.addEventListener("statechange", resolve, { once: true }));
    });
    assert.ok(await bar(second).isHidden());
    await second.page.reload();
    await second.opened();
    assert.equal(await name(second), "Throughline, later");
    assert.equal((await kept()).filter((url) => url.includes("index.html")).length, before.filter((url) => url.includes("index.html")).length);
  });
});
