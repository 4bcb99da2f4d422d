// The demo on a phone: nothing sticks out, and a thumb reaches every action.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { profile, server, setStage } from "./support/stage.mjs";

const PHONE = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true };
/** The least width and height of what a finger hits, in CSS pixels: WCAG 2.2, 2.5.8. */
const TARGET = 24;

let demo;

setStage({ profile: PHONE }, async () => {
  demo = await Demo.open(profile, server);
  await demo.settled();
});

const overhang = () =>
  demo.page.evaluate(() => {
    const root = document.scrollingElement;
    return { page: root.scrollWidth - innerWidth, width: innerWidth };
  });

describe("the demo at 390 by 844", () => {
  it("does not scroll sideways, with a long title and the tables open too", async () => {
    assert.deepEqual(await overhang(), { page: 0, width: 390 });
    await demo.add("Averyveryverylongwordwithoutanyplacetobreakit".repeat(4));
    await demo.page.getByTestId("todo").nth(5).waitFor();
    assert.deepEqual(await overhang(), { page: 0, width: 390 });
    await demo.page.getByTestId("hood").tap();
    await demo.page.getByTestId("table-changes").waitFor();
    assert.deepEqual(await overhang(), { page: 0, width: 390 });
    await demo.page.getByTestId("hood").tap();
    await demo.page.getByTestId("table-changes").waitFor({ state: "hidden" });
  });

  it("has each action within reach of a thumb", async () => {
    const first = demo.page.getByTestId("todo").first();
    const actions = [
      ...["offline", "open-outbox", "open-storage", "list-name", "archive", "new-title", "add", "search", "filter-all", "filter-open", "filter-done", "hood"].map((id) => demo.page.getByTestId(id)),
      ...["toggle", "title", "move", "delete"].map((id) => first.getByTestId(id)),
    ];
    for (const action of actions) {
      // A trial tap checks that it is visible, still, enabled, and not covered by anything.
      await action.tap({ trial: true });
      // A label takes the finger for what it names.
      const { x, width, height } = await action.evaluate((element) => (element.closest("label") ?? element).getBoundingClientRect().toJSON());
      const id = await action.getAttribute("data-testid");
      assert.ok(x >= 0 && x + width <= 390, `${id} sticks out`);
      assert.ok(width >= TARGET && height >= TARGET, `${id} is ${width} by ${height}`);
    }
  });

  it("adds, ticks and deletes by touch", async () => {
    await demo.page.getByTestId("new-title").fill("By thumb");
    await demo.page.getByTestId("add").tap();
    await demo.shows("By thumb", "confirmed");
    await demo.todo("By thumb").getByTestId("toggle").tap();
    await demo.page.waitForFunction(async () => (await globalThis.db.query("SELECT completed FROM items WHERE title = 'By thumb'"))[0].completed);
    await demo.todo("By thumb").getByTestId("delete").tap();
    await demo.showsNo("By thumb");
    await demo.settled();
    assert.ok(!(await server.rows("items")).some(({ title }) => title === "By thumb"));
  });
});
