// Items change their place: by pointer, by keyboard and by two presses, for everybody.

import assert from "node:assert/strict";
import { after, before, describe, it } from "node:test";
import { between } from "../../www/position.js";
import { Demo } from "./support/demo.mjs";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";

const FIRST = "Read this list while offline";
const THIRD = "Open a second tab and watch both";
const LAST = "Start the demo";

describe("a place between two", () => {
  it("is between them, also at the ends and after many steps", () => {
    const places = [between(null, null)];
    for (let step = 0; step < 5000; step++) {
      const at = [0, places.length, (step * 7919) % (places.length + 1)][step % 3];
      const [before, after] = [places[at - 1] ?? null, places[at] ?? null];
      const place = between(before, after);
      assert.ok((before === null || before < place) && (after === null || place < after), `${before} ${place} ${after}`);
      places.splice(at, 0, place);
    }
    assert.ok(Math.max(...places.map(({ length }) => length)) < 16, "places stay short");
  });

  it("stays between two that get closer and closer", () => {
    const low = "V";
    let high = "W";
    for (let step = 0; step < 300; step++) {
      const place = between(low, high);
      assert.ok(low < place && place < high, `${low} ${place} ${high}`);
      high = place;
    }
  });
});

describe("an item that is moved", () => {
  let server;
  let profiles;
  let ada;
  let ben;

  before(async () => {
    server = await startServer();
    profiles = await Promise.all([newProfile(), newProfile()]);
    [ada, ben] = await Promise.all(profiles.map((profile) => Demo.open(profile, server)));
    await Promise.all([ada.settled(), ben.settled()]);
  });

  after(async () => {
    await Promise.all((profiles ?? []).map((profile) => profile.dispose()));
    await server?.dispose();
  });

  const inOrder = (demo, titles) =>
    demo.page.waitForFunction((wanted) => [...document.querySelectorAll('.todos [data-testid="title"]')].map(({ textContent }) => textContent).join("|") === wanted, titles.join("|"));
  const bothShow = (titles) => Promise.all([inOrder(ada, titles), inOrder(ben, titles)]);

  it("by the pointer goes where it is dropped, in both windows", async () => {
    const before = await ada.titles();
    const handle = await ada.todo(FIRST).getByTestId("move").boundingBox();
    const target = await ada.todo(THIRD).boundingBox();
    const { mouse } = ada.page;
    await mouse.move(handle.x + handle.width / 2, handle.y + handle.height / 2);
    await mouse.down();
    await mouse.move(handle.x + 10, handle.y + 60, { steps: 4 });
    await ada.page.locator(".drop").waitFor();
    await mouse.move(handle.x + 10, target.y + target.height / 2, { steps: 4 });
    await ada.page.waitForFunction(() => document.querySelector(".drop").style.top === `${3 * 52}px`);
    await mouse.up();
    await bothShow([before[1], THIRD, FIRST, before[3], LAST]);
    assert.ok(await ada.page.locator(".drop").isHidden());
  });

  it("is let go on Escape, and stays", async () => {
    const before = await ada.titles();
    const handle = await ada.todo(LAST).getByTestId("move").boundingBox();
    await ada.page.mouse.move(handle.x + 10, handle.y + 20);
    await ada.page.mouse.down();
    await ada.page.mouse.move(handle.x + 10, handle.y - 100, { steps: 4 });
    await ada.page.locator(".drop").waitFor();
    await ada.page.keyboard.press("Escape");
    await ada.page.mouse.up();
    await ada.page.locator(".dragged").waitFor({ state: "detached" });
    assert.deepEqual(await ada.titles(), before);
    assert.equal((await server.posts()).length, 1);
  });

  it("by Alt and the arrow keys moves step by step, keeps the focus and says where it is", async () => {
    const before = await ben.titles();
    await ben.todo(LAST).getByTestId("toggle").focus();
    await ben.page.keyboard.press("Alt+ArrowUp");
    await bothShow([before[0], before[1], before[2], LAST, before[3]]);
    await ben.page.keyboard.press("Alt+ArrowUp");
    await bothShow([before[0], before[1], LAST, before[2], before[3]]);
    const focused = () => ben.page.evaluate(() => [document.activeElement.dataset.testid, document.activeElement.closest("li").querySelector('[data-testid="title"]').textContent]);
    assert.deepEqual(await focused(), ["toggle", LAST]);
    assert.equal(await ben.page.getByTestId("said").textContent(), `${LAST}: now 3 of 5`);
    await ben.page.keyboard.press("Alt+ArrowDown");
    await bothShow([before[0], before[1], before[2], LAST, before[3]]);
    assert.deepEqual(await focused(), ["toggle", LAST]);
  });

  it("by two presses goes to the row that is pressed second", async () => {
    const before = await ada.titles();
    await ada.todo(before[4]).getByTestId("move").click();
    await ada.page.locator(".picked").waitFor();
    await ada.todo(before[0]).getByTestId("move").click();
    await bothShow([before[4], before[0], before[1], before[2], before[3]]);
    assert.equal(await ada.page.locator(".picked").count(), 0);
  });

  it("by both at once into one gap leaves both with the same order", async () => {
    await Promise.all([ada.settled(), ben.settled()]);
    const before = await ada.titles();
    await Promise.all([ada.goOffline(), ben.goOffline()]);
    await ada.todo(before[3]).getByTestId("toggle").focus();
    await ada.page.keyboard.press("Alt+ArrowUp");
    await ben.todo(before[4]).getByTestId("toggle").focus();
    for (let step = 0; step < 2; step++) {
      await ben.page.keyboard.press("Alt+ArrowUp");
      await ben.page.waitForFunction(([id, index]) => document.querySelector(`li[data-id="${id}"]`).getAttribute("aria-posinset") === String(index), [await ben.todo(before[4]).getAttribute("data-id"), 4 - step]);
    }
    await Promise.all([ada.goOnline(), ben.goOnline()]);
    await Promise.all([ada.settled(), ben.settled()]);
    const rows = (await server.rows("items")).filter(({ title }) => before.includes(title));
    const positions = new Set(rows.map(({ position }) => position));
    assert.equal(positions.size, 5, "no two in one place");
    const order = rows.sort((one, other) => (one.position < other.position ? -1 : 1)).map(({ title }) => title);
    await bothShow(order);
  });
});
