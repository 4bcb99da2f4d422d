// What the server refuses is undone here, alone, and stays in the journal until the user decides.

import assert from "node:assert/strict";
import { beforeEach, describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const ROW = "Rename me to nothing and see the server say no";
const REASON = "An item needs a title";

let demo;

// Requests of a service worker would be out of the test's reach.
setStage({ profile: { serviceWorkers: "block" } }, async () => {
  demo = await Demo.open(profile, server);
});

beforeEach(async () => {
  await demo.settled();
  await demo.openOutbox();
});

const refusals = () => demo.page.getByTestId("rejected");

describe("a refused write", () => {
  it("rolls back alone, with the server's reason, and what comes later goes through", async () => {
    await demo.rename(ROW, "");
    await demo.shows(ROW, "rejected");
    await refusals().getByTestId("reason").getByText(REASON, { exact: true }).waitFor();

    await demo.add("Unrelated");
    await demo.shows("Unrelated", "confirmed");
    await demo.shows(ROW, "rejected");
    const [refused] = await demo.page.evaluate(() => globalThis.db.rejected());
    assert.equal(refused.state, "rejected");
    assert.deepEqual(refused.error, { code: "EMPTY_TITLE", message: REASON, retryable: false });
    assert.deepEqual(refused.changes.map(({ value, base }) => ({ value, base })), [{ value: { title: "" }, base: { title: ROW } }]);
    assert.ok((await server.rows("items")).some(({ title }) => title === ROW), "the server never took it");
  });

  it("is still there after a reload", async () => {
    await demo.page.reload();
    await demo.opened();
    await demo.shows(ROW, "rejected");
    await demo.openOutbox();
    await refusals().getByText(REASON, { exact: true }).waitFor();
  });

  it("is refused again when it is retried as it was", async () => {
    const [before] = await demo.page.evaluate(() => globalThis.db.rejected());
    await refusals().getByTestId("retry").click();
    await demo.page.waitForFunction(async (number) => {
      const [again] = await globalThis.db.rejected();
      return again && again.number !== number;
    }, before.number);
    await demo.shows(ROW, "rejected");
  });

  it("goes through when it is put right", async () => {
    await refusals().getByTestId("correct").click();
    const input = refusals().getByTestId("correct-input");
    await input.fill("Renamed after all");
    await input.press("Enter");
    await demo.shows("Renamed after all", "confirmed");
    assert.ok((await server.rows("items")).some(({ title }) => title === "Renamed after all"));
    await demo.rename("Renamed after all", ROW);
    await demo.shows(ROW, "confirmed");
    await demo.rename(ROW, "");
    await demo.shows(ROW, "rejected");
  });

  it("is gone when it is discarded", async () => {
    await refusals().getByTestId("discard").click();
    await demo.shows(ROW, "confirmed");
    await refusals().first().waitFor({ state: "detached" });
    assert.deepEqual(await demo.page.evaluate(() => globalThis.db.rejected()), []);
  });

  it("that added a row is shown on its own, and goes through by a retry once the server allows it", async () => {
    // The server refuses this one POST only.
    const error = { code: "FULL", message: "No more todos today" };
    const answer = { headers: { "content-type": "application/json" }, body: JSON.stringify({ error }) };
    await server.outage({ path: "/changes", status: 422, count: 1, ...answer });
    await demo.add("One too many");
    await refusals().getByText("Adding “One too many” was refused.").waitFor();
    await demo.showsNo("One too many");
    assert.deepEqual(await demo.query("SELECT * FROM items_local"), []);

    await refusals().getByTestId("retry").click();
    await demo.shows("One too many", "confirmed");
    await refusals().first().waitFor({ state: "detached" });
    assert.equal((await server.rows("items")).filter(({ title }) => title === "One too many").length, 1);
  });

  it("takes along what was done to the row meanwhile, and nothing else", async () => {
    const letGo = await holdPosts();
    await demo.add("");
    await demo.tick("(no title)");
    await demo.add("Independent");
    await demo.shownPending(3);
    letGo();
    await demo.shows("Independent", "confirmed");
    await demo.settled();
    await demo.showsNo("(no title)");
    const rejected = await demo.page.evaluate(() => globalThis.db.rejected());
    assert.deepEqual(rejected.map(({ changes: [{ operation }] }) => operation), ["insert", "update"]);
  });

  it("goes through once it is edited, and what hung on it by a retry; a wrong edit loses nothing", async () => {
    const seen = await demo.page.evaluate(async () => {
      const [culprit, dependent] = await globalThis.db.rejected();
      const edit = (value) => globalThis.db.edit(culprit.number, [{ ...culprit.changes[0], value }]);
      const refused = await edit({ title: "Named", completed: "perhaps" }).catch(({ code, message }) => ({ code, message }));
      const left = (await globalThis.db.rejected()).length;
      const { state } = await edit({ ...culprit.changes[0].value, title: "Named" }).confirmed();
      await globalThis.db.retry(dependent.number).confirmed();
      return { refused, left, state, hung: dependent.causedBy === culprit.number, code: dependent.error.code };
    });
    const refused = { code: "CONSTRAINT", message: 'items.completed: "perhaps" is not a boolean' };
    assert.deepEqual(seen, { refused, left: 2, state: "confirmed", hung: true, code: "DEPENDS_ON_REJECTED" });
    await demo.shows("Named", "confirmed");
    assert.equal((await server.rows("items")).find(({ title }) => title === "Named")?.completed, "t");
    assert.deepEqual(await demo.page.evaluate(() => globalThis.db.rejected()), []);
  });
});

/** Keeps the next POSTs from reaching the server until the function it resolves with is called. */
async function holdPosts() {
  let letGo;
  const free = new Promise((resolve) => (letGo = resolve));
  await profile.context.route("**/changes", async (route) => {
    await free;
    await route.continue();
  });
  return letGo;
}
