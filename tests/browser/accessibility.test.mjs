// The demo for everybody: what axe finds in light and dark, and the main path by keyboard alone.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { after, before, describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const SIZES = { "a wide screen": { viewport: { width: 1280, height: 800 } }, "a phone": { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true } };

let server;

before(async () => {
  server = await startServer({ rows: 500 });
});

after(async () => {
  await server?.dispose();
});

/** What axe finds on the page as it is, a line each. */
async function findings(page) {
  // What moves has another colour in between.
  await page.evaluate(() => Promise.all(document.getAnimations().filter(({ effect }) => effect.getTiming().iterations !== Infinity).map(({ finished }) => finished.catch(() => {}))));
  const violations = await page.evaluate(async (source) => {
    if (!globalThis.axe) (0, eval)(source);
    return (await axe.run(document, { resultTypes: ["violations"] })).violations;
  }, axe);
  return violations.flatMap(({ id, nodes }) => nodes.map(({ target, failureSummary }) => `${id}: ${target} ${failureSummary.split("\n")[1]?.trim()}`));
}

for (const colorScheme of ["light", "dark"]) {
  for (const [size, options] of Object.entries(SIZES)) {
    describe(`on ${size}, ${colorScheme}`, () => {
      let profile;
      let demo;

      before(async () => {
        profile = await newProfile({ ...options, colorScheme, reducedMotion: "reduce" });
        demo = await Demo.open(profile, server);
        await demo.settled();
      });

      after(async () => {
        await profile?.dispose();
      });

      it("nothing is wrong with the lists and the open one", async () => {
        assert.deepEqual(await findings(demo.page), []);
        await demo.openList("Support tickets");
        await demo.page.getByTestId("todo").first().waitFor();
        assert.deepEqual(await findings(demo.page), []);
      });

      it("nothing is wrong with pending rows, refused ones and the outbox", async () => {
        await demo.openList("Welcome");
        await demo.goOffline();
        await demo.add("Pending");
        await demo.shows("Pending", "pending");
        assert.deepEqual(await findings(demo.page), []);
        await demo.rename("Start the demo", "");
        await demo.goOnline();
        await demo.shows("Start the demo", "rejected");
        await demo.openOutbox();
        await demo.page.getByTestId("rejected").waitFor();
        assert.deepEqual(await findings(demo.page), []);
        await demo.page.getByTestId("discard").click();
        await demo.page.getByTestId("nothing-refused").waitFor();
        await demo.closeOutbox();
        await demo.delete("Pending");
        await demo.settled();
      });

      it("nothing is wrong with the storage, the search and the tables under the hood", async () => {
        await demo.page.getByTestId("open-storage").click();
        await demo.page.getByTestId("storage-used").waitFor();
        assert.deepEqual(await findings(demo.page), []);
        await demo.page.keyboard.press("Escape");
        await demo.page.getByTestId("search").fill("nowhere to be found");
        await demo.page.getByTestId("empty").waitFor();
        assert.deepEqual(await findings(demo.page), []);
        await demo.page.getByTestId("search").press("Escape");
        await demo.page.getByTestId("hood").click();
        await demo.page.getByTestId("table-items_synced").locator("tbody tr").first().waitFor({ state: "attached" });
        assert.deepEqual(await findings(demo.page), []);
        assert.equal(await demo.page.evaluate(() => document.scrollingElement.scrollWidth - innerWidth), 0, "nothing sticks out");
      });
    });
  }
}

describe("by keyboard alone", () => {
  let profile;
  let demo;

  before(async () => {
    profile = await newProfile();
    demo = await Demo.open(profile, server);
    await demo.settled();
  });

  after(async () => {
    await profile?.dispose();
  });

  const focused = () => demo.page.evaluate(() => document.activeElement.dataset.testid);

  /** Presses Tab until the control has the focus: whatever cannot be reached so fails. */
  async function tabTo(testId, key = "Tab") {
    for (let presses = 0; presses < 60; presses++) {
      await demo.page.keyboard.press(key);
      if ((await focused()) === testId) return;
    }
    assert.fail(`Tab does not reach ${testId}`);
  }

  it("a list is added, filled, ticked, renamed, sorted, refused and repaired", async () => {
    const { keyboard } = demo.page;
    await demo.page.evaluate(() => document.activeElement.blur());
    await tabTo("new-list");
    await keyboard.type("Keys");
    await keyboard.press("Enter");
    await demo.page.getByTestId("list-name").getByText("Keys").waitFor();
    await tabTo("new-title");
    await keyboard.type("One");
    await keyboard.press("Enter");
    await demo.shows("One", "confirmed");
    await keyboard.type("Two");
    await keyboard.press("Enter");
    await demo.shows("Two", "confirmed");
    assert.deepEqual(await demo.titles(), ["Two", "One"]);

    await tabTo("toggle");
    await keyboard.press("Space");
    await demo.todo("Two").and(demo.page.locator('.done[data-state="confirmed"]')).waitFor();
    await keyboard.press("Alt+ArrowDown");
    await demo.page.waitForFunction(() => document.querySelector('.todos [data-testid="title"]').textContent === "One");
    assert.deepEqual(await demo.titles(), ["One", "Two"]);
    await keyboard.press("ArrowUp");
    await demo.page.waitForFunction(() => document.activeElement.closest("li")?.textContent.includes("One"));

    await tabTo("title");
    await keyboard.press("Enter");
    await keyboard.press("Control+a");
    await keyboard.press("Delete");
    await keyboard.press("Enter");
    await demo.shows("One", "rejected");
    await tabTo("open-outbox", "Shift+Tab");
    await keyboard.press("Enter");
    assert.equal(await focused(), "close-outbox");
    await tabTo("correct");
    await keyboard.press("Enter");
    await keyboard.type("Uno");
    await keyboard.press("Enter");
    await demo.page.getByTestId("nothing-refused").waitFor();
    await demo.shows("Uno", "confirmed");
    await tabTo("close-outbox", "Shift+Tab");
    await keyboard.press("Escape");
    assert.equal(await focused(), "open-outbox");
    assert.ok((await server.rows("items")).some(({ title }) => title === "Uno"));
  });
});
