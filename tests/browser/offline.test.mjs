// The demo as an app that starts without its server.

import assert from "node:assert/strict";
import { readdirSync } from "node:fs";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

setStage({ server: { kept: true } });

describe("the demo as an app", () => {
  it("is one that the browser offers to install", async () => {
    const demo = await Demo.open(profile, server);
    await demo.page.evaluate(() => navigator.serviceWorker.ready);
    const session = await profile.context.newCDPSession(demo.page);
    const { errors } = await session.send("Page.getAppManifest");
    assert.deepEqual(errors, []);
    // Playwright's profile counts as a private window, which is no fault of the app's.
    const { installabilityErrors } = await session.send("Page.getInstallabilityErrors");
    assert.deepEqual(installabilityErrors.map(({ errorId }) => errorId).filter((id) => id !== "in-incognito"), []);
    await demo.page.close();
  });

  it("keeps both files of the module, and nothing that the page does not reach", async () => {
    const demo = await Demo.open(profile, server);
    await demo.page.evaluate(() => navigator.serviceWorker.ready);
    const kept = await demo.page.evaluate(async () => (await (await caches.open("throughline-demo")).keys()).map(({ url }) => new URL(url).pathname));
    const modules = readdirSync(resolve(import.meta.dirname, "../../pkg")).filter((name) => name.endsWith(".wasm") && !name.includes("full"));
    assert.equal(modules.length, 2);
    for (const name of ["index.js", "worker.js", ...modules]) assert.ok(kept.includes(`/pkg/${name}`), name);
    assert.deepEqual(kept.filter((path) => /react|full|\.map$|^\/port\/|cli\.js$|^\/fixtures\//.test(path)), []);
    await demo.page.close();
  });
});

describe("the demo behind a proxy that lost its server", () => {
  it("starts from what it kept", async () => {
    const demo = await Demo.open(profile, server);
    await demo.settled();
    await demo.page.evaluate(() => navigator.serviceWorker.ready);
    let refused = 0;
    await profile.context.route("**/*", async (route) => {
      refused++;
      await route.fulfill({ status: 502, contentType: "text/html", body: "Bad gateway" });
    });
    await demo.page.reload();
    await demo.opened();
    await demo.shows("Start the demo", "confirmed");
    await demo.shownPhase("Retrying");
    assert.ok(refused > 0, "the proxy was asked");
    await profile.context.unroute("**/*");
    await demo.page.close();
  });
});

describe("the demo without its server", () => {
  it("starts from what it kept, shows all rows, takes writes, and sends them when the server is back", async () => {
    let demo = await Demo.open(profile, server);
    await demo.settled();
    // Active means installed: every file of the page is kept.
    await demo.page.evaluate(() => navigator.serviceWorker.ready);
    const titles = await demo.page.getByTestId("title").allTextContents();
    assert.equal(titles.length, 5);

    await server.stop();
    await profile.stop();
    await profile.start();
    demo = await Demo.open(profile, server);
    await demo.shows(titles[0], "confirmed");
    assert.deepEqual(await demo.page.getByTestId("title").allTextContents(), titles);
    await demo.shownPhase("Retrying");

    await demo.add("Written without a server");
    await demo.shows("Written without a server", "pending");
    await demo.page.reload();
    await demo.opened();
    await demo.shows("Written without a server", "pending");

    await server.start();
    // What a browser tells a page whose network is back.
    await demo.page.evaluate(() => window.dispatchEvent(new Event("online")));
    await demo.shows("Written without a server", "confirmed");
    await demo.settled();
    assert.equal((await server.rows("items")).filter(({ title }) => title === "Written without a server").length, 1);
  });
});
