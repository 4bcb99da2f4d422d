// Lists and their items: what refers to a list goes with it when it is refused, and comes back when it is put right.

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { newItem } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const ARCHIVED = "Spring clean (archived)";

let demo;

setStage({}, async () => {
  demo = await Demo.open(profile, server);
});

beforeEach(async () => {
  await demo.settled();
  await demo.closeOutbox();
});

const refusals = () => demo.page.getByTestId("rejected");
const list = (name) => demo.page.getByTestId("list").filter({ hasText: name });

/** A list with items that nobody else knows of yet. */
async function offlineList(name, ...items) {
  await demo.goOffline();
  await demo.addList(name);
  await demo.page.getByTestId("empty").getByText("Nothing here yet").waitFor();
  for (const item of items) {
    await demo.add(item);
    await demo.shows(item, "pending");
  }
}

describe("a list", () => {
  it("is added with its items, counted, renamed and archived, here and on the server", async () => {
    await offlineList("Books", "Middlemarch", "Ulysses");
    await list("Books").locator(".count").getByText("2", { exact: true }).waitFor();
    await demo.goOnline();
    await demo.shows("Ulysses", "confirmed");
    await demo.page.getByTestId("list-name").click();
    await demo.page.getByTestId("list-name-input").fill("Novels");
    await demo.page.getByTestId("list-name-input").press("Enter");
    await list("Novels").waitFor();
    await demo.settled();
    await demo.page.getByTestId("archive").click();
    await demo.page.getByTestId("list-archived").waitFor();
    await demo.page.waitForFunction(() => db.query("SELECT 1 FROM lists_synced WHERE name = 'Novels' AND archived").then(({ length }) => length));
    const stored = (await server.rows("lists")).find(({ name }) => name === "Novels");
    assert.equal(stored.archived, "t");
    const items = (await server.rows("items")).filter(({ list_id }) => list_id === stored.id);
    assert.deepEqual(items.map(({ title }) => title).sort(), ["Middlemarch", "Ulysses"]);
  });

  it("that is archived keeps its items as they are, and says why; it takes them again once it is back", async () => {
    await demo.openList(ARCHIVED);
    await demo.add("Attic");
    await refusals().waitFor({ state: "attached" });
    await demo.showsNo("Attic");
    await demo.page.getByTestId("refused-later").click();
    await demo.page.getByTestId("refused-bar").waitFor({ state: "hidden" });
    await demo.add("Attic, again");
    await demo.page.getByTestId("refused-bar").getByText("The server refused 2 changes.").waitFor();
    await demo.page.getByTestId("review").click();
    await refusals().nth(1).getByTestId("discard").click();
    await refusals().nth(1).waitFor({ state: "detached" });
    await refusals().getByTestId("reason").getByText(`The list “${ARCHIVED}” is archived: bring it back to change its items`).waitFor();
    await demo.closeOutbox();
    await demo.page.getByTestId("archive").click();
    await demo.page.getByTestId("list-archived").waitFor({ state: "hidden" });
    await demo.openOutbox();
    await refusals().getByTestId("retry").click();
    await demo.shows("Attic", "confirmed");
    await refusals().first().waitFor({ state: "detached" });
  });

  it("that is refused takes along its items, and comes back with them when it is put right", async () => {
    await offlineList(" ", "First of none", "Second of none");
    await demo.goOnline();
    await demo.page.getByTestId("refused-bar").waitFor();
    await demo.showsNo("First of none");
    await demo.openOutbox();
    const card = refusals();
    await card.getByTestId("reason").getByText("A list needs a name", { exact: true }).waitFor();
    assert.equal(await card.count(), 1, "one card for all of it");
    assert.deepEqual(await card.getByRole("listitem").allTextContents(), ["Adding “First of none”", "Adding “Second of none”"]);
    assert.ok(!(await server.rows("items")).some(({ title }) => title.endsWith("of none")));
    await card.getByTestId("correct").click();
    await card.getByTestId("correct-input").fill("Now with a name");
    await card.getByTestId("correct-input").press("Enter");
    await demo.page.getByTestId("nothing-refused").waitFor();
    await demo.closeOutbox();
    await demo.openList("Now with a name");
    await demo.shows("First of none", "confirmed");
    await demo.shows("Second of none", "confirmed");
    const stored = (await server.rows("lists")).find(({ name }) => name === "Now with a name");
    assert.equal((await server.rows("items")).filter(({ list_id }) => list_id === stored.id).length, 2);
  });

  it("that is refused can be discarded with all that hangs on it", async () => {
    await offlineList(" ", "Of no use");
    await demo.goOnline();
    await demo.openOutbox();
    await refusals().getByTestId("discard").click();
    await demo.page.getByTestId("nothing-refused").waitFor();
    assert.deepEqual(await demo.page.evaluate(() => db.rejected()), []);
    await demo.page.getByTestId("list-name").getByText("Welcome").waitFor();
  });
});

describe("the outbox", () => {
  it("tells what waits, how often it was tried and why, and what the server holds instead", async () => {
    await server.outage({ path: "/changes", status: 503 });
    await demo.openList("Welcome");
    await demo.add("Tried in vain");
    await demo.openOutbox();
    const pending = demo.page.getByTestId("pending").getByRole("listitem").filter({ hasText: "Adding “Tried in vain”" });
    await pending.getByText(/503/).waitFor();
    await server.clear();
    await demo.goOffline();
    await demo.goOnline();
    await demo.page.getByTestId("nothing-pending").waitFor();

    await demo.goOffline();
    await demo.rename("Tried in vain", "");
    const id = (await server.rows("items")).find(({ title }) => title === "Tried in vain").id;
    await server.asOtherUser({ operation: "update", table: "items", value: { id, title: "Renamed by another" } });
    await demo.goOnline();
    await demo.shows("Renamed by another", "rejected");
    const cells = refusals().locator("tbody tr").filter({ hasText: "title" }).getByRole("cell");
    await cells.nth(2).getByText("Renamed by another").waitFor();
    assert.deepEqual(await cells.allTextContents(), ["(empty)", "Tried in vain", "Renamed by another"]);
    await refusals().getByTestId("discard").click();
    await demo.shows("Renamed by another", "confirmed");
  });
});

describe("what happens elsewhere", () => {
  const watch = (tab) =>
    tab.page.evaluate(() => {
      globalThis.flashed = [];
      document.addEventListener("animationstart", ({ animationName, target }) => {
        if (animationName === "flash" && target.matches(".todos li")) flashed.push(target.querySelector('[data-testid="title"]').textContent);
      });
    });
  const flashed = (tab) => tab.page.evaluate(() => globalThis.flashed);

  it("flashes, by another user and in another window; what one does oneself does not", async () => {
    await demo.openList("Welcome");
    const other = await Demo.open(profile, server);
    await other.openList("Welcome");
    await Promise.all([watch(demo), watch(other)]);
    await other.page.bringToFront();
    await demo.page.bringToFront();
    await demo.add("Mine");
    await demo.shows("Mine", "confirmed");
    await other.shows("Mine", "confirmed");
    await server.asOtherUser(newItem("Theirs"));
    await demo.shows("Theirs", "confirmed");
    await demo.page.waitForFunction(() => flashed.length > 0);
    assert.deepEqual(await flashed(demo), ["Theirs"]);
    await other.page.bringToFront();
    await other.page.waitForFunction(() => flashed.length > 1);
    assert.deepEqual((await flashed(other)).sort(), ["Mine", "Theirs"]);
    await other.page.close();
  });
});
