// The demo with full-text search: an index of what the view shows, whoever changed it.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { newItem } from "./support/server.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const ROWS = 10_000;

let demo;

setStage({ server: { rows: ROWS, kept: true } }, async () => {
  demo = await Demo.open(profile, server);
  await demo.settled();
  await demo.page.evaluate(() => navigator.serviceWorker.ready);
  await demo.page.getByTestId("open-storage").click();
  const reloaded = demo.page.waitForEvent("load");
  await demo.page.getByTestId("engine").getByText("Use full-text search").click();
  await reloaded;
  await demo.opened();
});

const search = (text) => demo.page.getByTestId("search").fill(text);
const counted = (count) => demo.page.getByTestId("filter-all").getByText(count.toLocaleString("en"), { exact: true }).waitFor();

/** The server's titles that have a word beginning so for each of these. */
async function beginning(...words) {
  const titles = (await server.rows("items")).map(({ title }) => title);
  return titles.filter((title) => words.every((word) => title.toLowerCase().split(/[^a-z0-9]+/).some((each) => each.startsWith(word))));
}

describe("full-text search in the demo", () => {
  it("finds titles by the beginnings of their words, in any order, in all lists", async () => {
    const titles = (await server.rows("items")).map(({ title }) => title);
    await search("lobby");
    await counted((await beginning("lobby")).length);
    const wanted = await beginning("cof", "lob", "034");
    assert.ok(wanted.length > 0 && wanted.length < 20);
    await search("cof lob 034");
    await counted(wanted.length);
    await demo.page.waitForFunction((length) => document.querySelectorAll(".todos li").length === length, wanted.length);
    assert.deepEqual((await demo.titles()).sort(), wanted.sort());
    assert.ok(titles.some((title) => title.includes("obby")));
    await search("obby");
    await demo.page.getByTestId("empty").getByText("Nothing has these words.").waitFor();
  });

  it("takes what FTS5 would read as its own language as it is", async () => {
    const all = await beginning("lobby");
    await search('"lobby* (');
    await counted(all.length);
    await search("title: lobby OR coffee");
    await counted((await beginning("title", "lobby", "or", "coffee")).length);
    await search("lobby NOT lobby");
    await counted((await beginning("lobby", "not")).length);
  });

  it("shows the best first", async () => {
    await server.asOtherUser(newItem("A zebra, and a good many other things besides, none of which matter here"), newItem("Zebra"));
    await search("zebra");
    await counted(2);
    await demo.page.waitForFunction(() => document.querySelectorAll(".todos li").length === 2);
    assert.equal((await demo.titles())[0], "Zebra");
  });

  it("finds what is written here before the server has it, and no longer what it said before", async () => {
    await search("");
    await demo.goOffline();
    await demo.add("Feed the okapi");
    await demo.rename("Feed the okapi", "Feed the quagga");
    await search("quagga");
    await demo.shows("Feed the quagga", "pending");
    await search("okapi");
    await demo.page.getByTestId("empty").getByText("Nothing has these words.").waitFor();
    await demo.goOnline();
    await demo.settled();
    await search("quagga");
    await demo.shows("Feed the quagga", "confirmed");
    await demo.delete("Feed the quagga");
    await demo.page.getByTestId("empty").getByText("Nothing has these words.").waitFor();
  });

  it("is right after a log that was loaded anew", async () => {
    await search("axolotl");
    await server.rotate("items");
    await server.asOtherUser(newItem("An axolotl of the new log"));
    await demo.shows("An axolotl of the new log");
    await search("lobby");
    await counted((await server.rows("items")).filter(({ title }) => /\blobby/i.test(title)).length);
  });

  it("works without the server, by files that were kept when they were used", async () => {
    await demo.page.reload();
    await demo.opened();
    await server.stop();
    await profile.stop();
    await profile.start();
    demo = await Demo.open(profile, server);
    await search("axolotl");
    await demo.shows("An axolotl of the new log", "confirmed");
  });

  it("can be given up for the small module", async () => {
    await demo.page.getByTestId("open-storage").click();
    const reloaded = demo.page.waitForEvent("load");
    await demo.page.getByTestId("engine").getByText("Use the small module").click();
    await reloaded;
    await demo.opened();
    await search("xolot");
    await demo.shows("An axolotl of the new log", "confirmed");
  });
});
