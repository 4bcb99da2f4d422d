// The adapters in a fresh app that Vite built, each in a real page over a real database.

import assert from "node:assert/strict";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { build } from "vite";
import { newProfile } from "../browser/support/profile.mjs";
import { apps } from "./support/apps.mjs";
import { openPage } from "./support/browser.mjs";
import { serve } from "./support/sites.mjs";

let site;
let profile;

before(async () => {
  const folder = join(apps(), "adapters");
  await build({ root: folder, logLevel: "error" });
  site = await serve({ "/": join(folder, "dist") });
  profile = await newProfile();
});

after(async () => {
  await profile?.dispose();
  await site?.close();
});

/** A page of the app with one framework's list on it, showing the inbox. */
async function start(framework) {
  const { tab, said } = await openPage(profile, site.url);
  await tab.waitForFunction(() => globalThis.app);
  await tab.evaluate((framework) => app.start(framework), framework);
  await shows(tab, ["one", "two"]);
  assert.deepEqual(said, []);
  return tab;
}

const shows = (tab, titles) => becomes(tab, () => [...document.querySelectorAll("li")].map(({ textContent }) => textContent), titles);
const reads = (tab, id, text) => becomes(tab, (id) => document.getElementById(id)?.textContent, text, id);
const runs = (tab, count) => becomes(tab, () => app.running, count);

/** Waits until what `look` sees in the page is this. */
async function becomes(tab, look, expected, about) {
  const expectation = JSON.stringify(expected);
  try {
    await tab.waitForFunction(`JSON.stringify((${look})(${JSON.stringify(about)})) === ${JSON.stringify(expectation)}`);
  } catch {
    // Says what it is instead.
    assert.deepEqual(await tab.evaluate(look, about), expected);
  }
}

for (const framework of ["react", "vue", "svelte", "solid"]) {
  describe(`throughline/${framework}`, () => {
    let tab;
    before(async () => void (tab = await start(framework)));
    after(() => tab?.close());

    it("runs one live query, whatever the framework mounts twice", async () => {
      assert.deepEqual(await tab.evaluate(() => [app.running, app.started]), [1, 1]);
    });

    it("renders the row that changed and leaves the others as they are", async () => {
      await tab.evaluate(() => {
        app.before = { rows: [...app.rows], renders: { ...app.renders } };
        return app.db.execute("UPDATE todos SET title = 'two!' WHERE id = '2'");
      });
      await shows(tab, ["one", "two!"]);
      const kept = await tab.evaluate(() => app.rows.map((row, index) => row === app.before.rows[index]));
      assert.deepEqual(kept, [true, false]);
      const renders = await tab.evaluate(() => [app.renders["1"] - app.before.renders["1"], app.renders["2"] > app.before.renders["2"]]);
      assert.deepEqual(renders, [0, true]);
    });

    it("shows another question's rows, none for no question, and its own again", async () => {
      await tab.evaluate(() => app.ask("later"));
      await shows(tab, ["three"]);
      await runs(tab, 1);
      await tab.evaluate(() => app.ask(null));
      await shows(tab, []);
      await runs(tab, 0);
      await tab.evaluate(() => app.ask("inbox"));
      await shows(tab, ["one", "two!"]);
    });

    it("shows what went wrong, and gets over it", async () => {
      await tab.evaluate(() => app.ask("broken"));
      await reads(tab, "state", "SQL");
      await tab.evaluate(() => app.ask("later"));
      await shows(tab, ["three"]);
      await reads(tab, "state", "ready");
    });

    it("tells the status, and the outbox through a rejection to its end", async () => {
      await reads(tab, "status", "memory");
      // The first batch and the update are accepted, and without a shape nothing confirms them.
      await reads(tab, "outbox", "2 ");
      await tab.evaluate(() => app.db.batch(["INSERT INTO todos VALUES ('4', 'later', 'four')"], { meta: { refused: true } }));
      await reads(tab, "outbox", "2 not here");
      await shows(tab, ["three"]);
      await tab.evaluate(() => app.discard());
      await reads(tab, "outbox", "2 ");
    });

    if (framework === "react") {
      it("suspends until the first result, below a provider whose database is not open yet", async () => {
        await tab.evaluate(() => {
          app.seen = new Set();
          new MutationObserver(() => document.querySelectorAll("output").forEach(({ id }) => app.seen.add(id))).observe(document.body, {
            childList: true,
            subtree: true,
          });
          app.suspend();
        });
        await reads(tab, "suspended", "3 rows");
        assert.deepEqual(await tab.evaluate(() => [...app.seen]), ["opening", "fallback", "suspended"]);
        await tab.evaluate(() => app.db.execute("INSERT INTO todos VALUES ('5', 'later', 'five')"));
        await reads(tab, "suspended", "4 rows");
        await runs(tab, 1);
      });
    }

    it("ends the live query when it is taken down", async () => {
      await tab.evaluate(() => app.unmount());
      await runs(tab, 0);
      await shows(tab, []);
    });
  });
}
