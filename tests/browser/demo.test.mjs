// What the demo shows besides its rows: filters, edits, the tables under the hood, and where it stores.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { newProfile } from "./support/profile.mjs";
import { newItem, startServer } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

let demo;

setStage({}, async () => {
  demo = await Demo.open(profile, server);
  await demo.settled();
});

const shown = () => demo.page.getByTestId("title").allTextContents();
const filter = (name) => demo.page.getByTestId(`filter-${name}`).click();
const counts = () => demo.page.locator("[data-filter] span").allTextContents();
const table = (name) => demo.page.getByTestId(`table-${name}`).locator("tbody tr:not(.leaving)");

describe("the demo", () => {
  it("says where its rows are", async () => {
    assert.equal(await demo.page.getByTestId("storage").textContent(), "On device");
    assert.ok(await demo.page.getByTestId("notice").isHidden());
  });

  it("filters, and counts", async () => {
    assert.deepEqual(await counts(), ["5", "4", "1"]);
    await filter("done");
    await demo.showsNo("Open a second tab and watch both");
    assert.deepEqual(await shown(), ["Start the demo"]);
    await filter("open");
    await demo.showsNo("Start the demo");
    assert.equal((await shown()).length, 4);
    await filter("all");
    await demo.shows("Start the demo");
  });

  it("shows another user's change without being asked", async () => {
    await server.asOtherUser(newItem("From elsewhere"));
    await demo.shows("From elsewhere", "confirmed");
  });

  it("takes an edit back on Escape", async () => {
    const row = demo.todo("From elsewhere");
    const id = await row.getAttribute("data-id");
    await row.getByTestId("title").click();
    const input = demo.page.locator(`[data-id="${id}"]`).getByTestId("edit-input");
    await input.fill("Not this");
    await input.press("Escape");
    await demo.shows("From elsewhere", "confirmed");
    await demo.settled();
    assert.equal((await server.posts()).length, 0);
  });

  it("shows a write's way through the tables", async () => {
    await demo.page.getByTestId("hood").click();
    await demo.page.getByTestId("table-changes").waitFor();
    await demo.goOffline();
    await demo.add("Watch me");
    await table("changes").getByText("insert", { exact: true }).waitFor();
    await table("items_local").getByText("Watch me", { exact: true }).waitFor();
    assert.equal(await table("items_synced").getByText("Watch me", { exact: true }).count(), 0);
    await demo.goOnline();
    await table("items_synced").getByText("Watch me", { exact: true }).waitFor();
    await demo.shows("Watch me", "confirmed");
    await table("changes").waitFor({ state: "detached" });
    await table("items_local").waitFor({ state: "detached" });
  });

  it("clears what is done as one transaction", async () => {
    await demo.tick("Watch me");
    await demo.todo("Watch me").and(demo.page.locator('.done[data-state="confirmed"]')).waitFor();
    const before = (await server.posts()).length;
    await demo.page.getByTestId("clear-done").click();
    await demo.showsNo("Watch me");
    await demo.showsNo("Start the demo");
    await demo.settled();
    assert.equal((await server.posts()).length, before + 1);
    assert.ok(!(await server.rows("items")).some(({ completed }) => completed === "t"));
    assert.ok(await demo.page.getByTestId("clear-done").isHidden());
  });

  it("works by keyboard alone", async () => {
    const focused = () => demo.page.evaluate(() => document.activeElement.dataset.testid);
    await demo.page.getByTestId("new-title").focus();
    await demo.page.keyboard.type("By keyboard");
    await demo.page.keyboard.press("Enter");
    await demo.shows("By keyboard", "confirmed");
    assert.equal(await focused(), "new-title");
    await demo.todo("By keyboard").getByTestId("title").focus();
    await demo.page.keyboard.press("Enter");
    await demo.page.keyboard.type("Renamed by keyboard");
    await demo.page.keyboard.press("Enter");
    await demo.shows("Renamed by keyboard", "confirmed");
    assert.equal(await focused(), "title");
    await demo.todo("Renamed by keyboard").getByTestId("toggle").focus();
    await demo.page.keyboard.press("Space");
    await demo.settled();
    assert.ok(await demo.todo("Renamed by keyboard").getByTestId("toggle").isChecked());
    assert.equal(await focused(), "toggle", "a confirmed row keeps the focus");
  });

  it("says what keeps it from sending", async () => {
    await server.outage({ path: "/changes", status: 503 });
    await demo.add("Held up");
    await demo.page.getByTestId("notice").getByText(/^Sending is held up: .*503/).waitFor();
    await server.clear();
    await demo.goOffline();
    await demo.goOnline();
    await demo.shows("Held up", "confirmed");
    await demo.page.getByTestId("notice").waitFor({ state: "hidden" });
  });
});

describe("a first sync", () => {
  it("tells how far it is, and shows the rows when they are complete", async () => {
    const large = await startServer({ rows: 2000, chunkBytes: 50_000 });
    const fresh = await newProfile({ serviceWorkers: "block" });
    try {
      let tellOfItems, bringTheRest;
      const unknown = new Promise((resolve) => (tellOfItems = resolve));
      const held = new Promise((resolve) => (bringTheRest = resolve));
      let requests = 0;
      await fresh.context.route(/\/v1\/shape.*table=items/, async (route) => {
        requests++;
        if (requests === 1) await unknown;
        if (requests === 4) await held;
        await route.continue();
      });
      const page = await fresh.open(`${large.origin}/`);
      const support = page.getByTestId("list").filter({ hasText: "Support tickets" });
      await support.waitFor();
      assert.equal(await support.locator(".count").textContent(), "", "nothing is known of items");
      tellOfItems();
      await page.getByTestId("progress").getByText(/^First sync: [1-9][\d,]* rows, 0\.[1-9] MB so far$/).waitFor();
      await page.getByTestId("empty").getByText("The first sync is still bringing the items.").waitFor();
      bringTheRest();
      const first = new Demo(page);
      await first.opened();
      await first.settled();
      assert.ok(await page.getByTestId("progress").isHidden());
      assert.ok(await page.getByTestId("empty").isHidden());
      await support.locator(".count").getByText("1,333").waitFor();
    } finally {
      await fresh.dispose();
      await large.dispose();
    }
  });
});

describe("the storage", () => {
  it("says where, how much, and for how long", async () => {
    await demo.page.getByTestId("open-storage").click();
    await demo.page.getByTestId("storage-where").getByText("SQLite in the origin private file system.").waitFor();
    await demo.page.getByTestId("storage-used").getByText(/^[\d.]+ [KMG]B of the [\d.]+ GB this site may use\.$/).waitFor();
    assert.match(await demo.page.getByTestId("storage-kept").textContent(), /^Until /);
    await demo.page.keyboard.press("Escape");
    assert.ok(await demo.page.locator("#storage-panel").isHidden());
  });
});
