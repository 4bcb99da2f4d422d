// Two users, one of them offline for a while: nothing of either is lost, and both end with the server's rows.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer, WELCOME } from "./support/server.mjs";

const SHARED = "Open a second tab and watch both";
const TICKED = "Read this list while offline";
const DELETED = "Start the demo";
const VIEW = "SELECT id, title, completed, created_at FROM items WHERE list_id = ? ORDER BY id";

let server;
let profiles;
let ada;
let ben;

before(async () => {
  server = await startServer();
  profiles = await Promise.all([newProfile(), newProfile()]);
  [ada, ben] = await Promise.all(profiles.map((profile) => Demo.open(profile, server)));
});

after(async () => {
  await Promise.all((profiles ?? []).map((profile) => profile.dispose()));
  await server?.dispose();
});

describe("the demo with two users", () => {
  it("keeps what was done offline over a reload, and merges it with what the other did meanwhile", async () => {
    await Promise.all([ada.settled(), ben.settled()]);

    await ada.goOffline();
    await ada.add("Buy milk");
    await ada.shows("Buy milk", "pending");
    await ada.rename(SHARED, "Renamed by Ada");
    await ada.shows("Renamed by Ada", "pending");
    await ada.tick(TICKED);
    await ada.shows(TICKED, "pending");
    await ada.delete(DELETED);
    await ada.showsNo(DELETED);
    await ada.shownPending(4);
    assert.equal((await server.posts()).length, 0, "nothing leaves while offline");

    await ada.page.reload();
    await ada.opened();
    await ada.shownPhase("Offline");
    await ada.shownPending(4);
    await ada.shows("Buy milk", "pending");
    await ada.shows("Renamed by Ada", "pending");
    assert.ok(await ada.todo(TICKED).getByTestId("toggle").isChecked());
    await ada.showsNo(DELETED);

    // Another column of the row that Ada renamed.
    await ben.tick(SHARED);
    await ben.shows(SHARED, "confirmed");
    await ben.settled();

    await ada.goOnline();
    await ben.shows("Buy milk", "confirmed");
    await ben.shows("Renamed by Ada", "confirmed");
    await ben.showsNo(DELETED);
    await Promise.all([ada.settled(), ben.settled()]);

    for (const user of [ada, ben]) {
      await user.shows("Renamed by Ada", "confirmed");
      assert.ok(await user.todo("Renamed by Ada").getByTestId("toggle").isChecked(), "the concurrent tick survives");
      assert.ok(await user.todo(TICKED).getByTestId("toggle").isChecked());
      assert.deepEqual(await user.query("SELECT * FROM items_local"), []);
      assert.deepEqual(await user.query("SELECT * FROM _throughline_changes"), []);
      assert.deepEqual((await user.page.evaluate(() => globalThis.db.verify())).problems, []);
    }
    const rows = (await server.rows("items")).filter(({ list_id }) => list_id === WELCOME).map(asView).sort((one, other) => (one.id < other.id ? -1 : 1));
    assert.equal(rows.length, 5);
    assert.deepEqual(await ada.query(VIEW, [WELCOME]), rows);
    assert.deepEqual(await ben.query(VIEW, [WELCOME]), rows);
  });

  it("sends nothing while offline, also not right after a reload", async () => {
    await Promise.all([ada.settled(), ben.settled()]);
    const before = (await server.posts()).length;
    await ada.goOffline();
    await ada.add("Not before I say so");
    await ada.shownPending(1);
    await ada.page.reload();
    await ada.opened();
    await ada.shownPhase("Offline");
    // A round trip through the worker's queue: what was begun before it has reached the server, or never will.
    await ada.query("SELECT 1");
    const during = (await server.posts()).length;
    await ada.goOnline();
    await ben.shows("Not before I say so", "confirmed");
    assert.equal(during, before);
  });
});

/** A server's row as the view has it. */
function asView({ id, title, completed, created_at }) {
  return { id, title, completed: completed === "t", created_at };
}
