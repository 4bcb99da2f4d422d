// Fifty thousand rows: all of them can be scrolled to and searched, and the page holds only those in sight.

import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { Demo } from "./support/demo.mjs";
import { profile, server, setStage } from "./support/stage.mjs";
import { until } from "./support/until.mjs";

const ROWS = 50_000;
/** Elements of rows that the page may have, whatever it shows: twice what is in sight, and the margins. */
const MOST_ELEMENTS = 60;
const STOPS = 40;
const LIST = "Support tickets";

let demo;

setStage({ server: { rows: ROWS } }, async () => {
  demo = await Demo.open(profile, server);
  await demo.openList(LIST);
});

const numbered = (number) => `#${String(number).padStart(5, "0")}`;
const row = (number) => demo.page.getByTestId("todo").filter({ hasText: numbered(number) });
const elements = () => demo.page.locator(".todos li").count();
const filterText = (name) => demo.page.getByTestId(`filter-${name}`).textContent();

describe("a list of fifty thousand", () => {
  it("scrolls from end to end with a bounded number of elements", async () => {
    await row(1).waitFor();
    const seen = [];
    for (let stop = 0; stop <= STOPS; stop++) {
      await demo.page.locator(".scroller").evaluate((scroller, part) => (scroller.scrollTop = part * (scroller.scrollHeight - scroller.clientHeight)), stop / STOPS);
      // What is in the middle of the view is a row, and the one that belongs there.
      const middle = await demo.page.waitForFunction(() => {
        const scroller = document.querySelector(".scroller");
        const list = document.querySelector(".todos").getBoundingClientRect();
        const box = scroller.getBoundingClientRect();
        const index = Math.floor((box.top + box.height / 2 - list.top) / 52);
        const element = document.querySelector(`.todos li[aria-posinset="${index + 1}"]`);
        return element && { index, title: element.querySelector('[data-testid="title"]').textContent, of: element.getAttribute("aria-setsize") };
      });
      seen.push(await middle.jsonValue());
      assert.ok((await elements()) <= MOST_ELEMENTS, `${await elements()} elements`);
    }
    for (const { index, title, of } of seen) {
      assert.ok(title.startsWith(`${numbered(index + 1)} `), `${title} at ${index}`);
      assert.equal(of, String(ROWS));
    }
    await row(ROWS).waitFor();
    assert.ok(seen.at(-1).index > ROWS - 20 && seen[0].index < 20);
  });

  it("is walked through by keyboard, with one row in the tab order", async () => {
    await row(ROWS).getByTestId("toggle").focus();
    const focused = () => demo.page.evaluate(() => {
      const { activeElement } = document;
      return [activeElement.dataset.testid, activeElement.closest("li").querySelector('[data-testid="title"]').textContent.slice(0, 6)];
    });
    await demo.page.keyboard.press("ArrowUp");
    await demo.page.waitForFunction((text) => document.activeElement.closest("li")?.textContent.includes(text), numbered(ROWS - 1));
    assert.deepEqual(await focused(), ["toggle", numbered(ROWS - 1)]);
    await demo.page.keyboard.press("Home");
    await demo.page.waitForFunction((text) => document.activeElement.closest("li")?.textContent.includes(text), numbered(1));
    for (let step = 0; step < 3; step++) await demo.page.keyboard.press("PageDown");
    await demo.page.waitForFunction((text) => document.activeElement.closest("li")?.textContent.includes(text), numbered(31));
    assert.deepEqual(await focused(), ["toggle", numbered(31)]);
    const stops = await demo.page.locator(".todos li :is(button, input)").evaluateAll((controls) => new Set(controls.filter(({ tabIndex }) => tabIndex === 0).map((each) => each.closest("li").dataset.id)).size);
    assert.equal(stops, 1);
  });

  it("keeps the focus where it is while its row is out of sight", async () => {
    await row(31).getByTestId("title").focus();
    await demo.page.locator(".scroller").evaluate((scroller) => (scroller.scrollTop = 20_000 * 52));
    await row(20_005).waitFor();
    assert.equal(await demo.page.evaluate(() => document.activeElement.textContent.slice(0, 6)), numbered(31));
    await demo.page.keyboard.press("ArrowDown");
    await demo.page.waitForFunction((text) => document.activeElement.textContent.startsWith(text), numbered(32));
  });

  it("takes a change of a row in the middle", async () => {
    await demo.page.locator(".scroller").evaluate((scroller) => (scroller.scrollTop = 30_000 * 52));
    await row(30_004).getByTestId("title").click();
    await demo.page.getByTestId("edit-input").and(demo.page.locator(":visible")).fill("Renamed in the middle");
    await demo.page.keyboard.press("Enter");
    await demo.shows("Renamed in the middle", "confirmed");
    assert.ok((await server.rows("items")).some(({ title }) => title === "Renamed in the middle"));
  });
});

describe("a drag in a long list", () => {
  it("scrolls on at the edge, past what was loaded, and drops where it is let go", async () => {
    const { page } = demo;
    const scroller = page.locator(".scroller");
    await scroller.evaluate((element) => (element.scrollTop = 0));
    await row(1).waitFor();
    const before = (await server.rows("items")).find(({ title }) => title.startsWith(numbered(1)));
    const handle = await row(1).getByTestId("move").boundingBox();
    const box = await scroller.boundingBox();
    await page.mouse.move(handle.x + 10, handle.y + 20);
    await page.mouse.down();
    await page.mouse.move(handle.x + 10, box.y + box.height - 20, { steps: 5 });
    // A stretch of rows is two hundred.
    await page.waitForFunction(() => document.querySelector(".scroller").scrollTop > 260 * 52);
    await page.mouse.move(handle.x + 10, box.y + box.height / 2, { steps: 5 });
    const place = await page.waitForFunction(() => {
      const index = parseInt(document.querySelector(".drop").style.top) / 52;
      const titleAt = (position) => document.querySelector(`.todos li[aria-posinset="${position}"] [data-testid="title"]`)?.textContent;
      const [above, below] = [titleAt(index), titleAt(index + 1)];
      return above && below && { above, below };
    });
    const { above, below } = await place.jsonValue();
    await page.mouse.up();
    const moved = await until("the server has the new place", async () => {
      const now = (await server.rows("items")).find(({ id }) => id === before.id);
      return now.position !== before.position && now;
    });
    const positionOf = async (title) => (await server.rows("items")).find((item) => item.title === title).position;
    assert.ok((await positionOf(above)) < moved.position && moved.position < (await positionOf(below)), `${above} | ${below}`);
    assert.ok(Number(above.slice(1, 6)) > 200);
  });
});

describe("the search", () => {
  const search = (text) => demo.page.getByTestId("search").fill(text);

  it("finds words in any order in all lists as one types, and counts", async () => {
    const titles = (await server.rows("items")).map(({ title }) => title);
    const having = (...words) => titles.filter((title) => words.every((word) => title.toLowerCase().includes(word)));
    const counted = (count) => demo.page.getByTestId("filter-all").getByText(count.toLocaleString("en"), { exact: true }).waitFor();
    await search("lobby");
    await counted(having("lobby").length);
    const wanted = having("lobby", "coffee", "34");
    assert.ok(wanted.length > 3);
    await search("lobby coffee 34");
    await counted(wanted.length);
    await demo.page.waitForFunction((length) => document.querySelectorAll(".todos li").length === length, wanted.length);
    assert.deepEqual((await demo.titles()).sort(), wanted.sort());
    assert.equal(await demo.page.getByTestId("place").first().textContent(), LIST);
  });

  it("takes % and _ as they are", async () => {
    await search("100%");
    await demo.page.getByTestId("empty").getByText("Nothing has these words.").waitFor();
  });

  it("looks into the other lists, and gives way to the open one on Escape", async () => {
    await search("oat milk");
    const milk = demo.page.getByTestId("todo").filter({ hasText: "Oat milk" });
    await milk.waitFor();
    assert.equal(await milk.getByTestId("place").textContent(), "Groceries");
    await demo.page.getByTestId("search").press("Escape");
    await row(2).waitFor();
    // The counts are a live query of their own, which may be told after the rows.
    await demo.page.getByTestId("filter-all").getByText("50,000", { exact: true }).waitFor();
  });
});
