// The inspector: a panel in an app, and a page of its own that opens the database as one more tab.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { resolve } from "node:path";
import { describe, it } from "node:test";
import { openApp } from "./support/app.mjs";
import { profile, server, setStage } from "./support/stage.mjs";
import { until } from "./support/until.mjs";

const root = resolve(import.meta.dirname, "../..");
const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

/** What a careful site sends: no inline script or style, nothing from elsewhere, no eval but WebAssembly's. */
const POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; connect-src 'self'; worker-src 'self'; img-src 'self'";

const ROW = "Read this list while offline";

/** The views, and what each shows once it is filled. */
const CONTENTS = {
  Tables: "[data-part='row'] tbody tr",
  Outbox: "h2",
  Shapes: "article",
  "Live queries": "article",
  Tabs: "tbody tr",
  Trace: "button",
  SQL: "textarea",
  Database: "dl",
};

let page;
let inspector;
/** What the policy kept from happening. */
const violations = [];

setStage({}, async () => {
  await profile.context.route("**/pkg/**", async (route) => {
    const response = await route.fetch();
    await route.fulfill({ response, headers: { ...response.headers(), "content-security-policy": POLICY } });
  });
  page = await openApp(profile, server);
  await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
});

/** The inspector's page on that database. */
async function openInspector(name = "app") {
  const opened = await profile.context.newPage();
  opened.on("console", (message) => /Content.Security.Policy/i.test(message.text()) && violations.push(message.text()));
  await opened.goto(`${server.origin}/pkg/inspector.html?${new URLSearchParams({ name })}`);
  await opened.getByRole("tablist").waitFor();
  return opened;
}

const view = (name) => inspector.getByRole("tab", { name }).click();
const panel = () => inspector.getByRole("tabpanel");
const write = (sql, params = []) => page.evaluate(([text, values]) => db.execute(text, values).then(() => {}), [sql, params]);

describe("the inspector's page", () => {
  it("opens the database as a guest of the tab that leads, under a strict policy", async () => {
    const asked = (await server.shapeRequests()).length;
    inspector = await openInspector();
    await view("Tabs");
    await inspector.locator('tr[data-tab="1"]').getByText("(this one)").waitFor();
    const leader = inspector.locator('tr[data-tab="0"]');
    await leader.getByText("leads", { exact: true }).waitFor();
    await leader.getByText("visible").or(leader.getByText("hidden")).first().waitFor();
    const requests = (await server.shapeRequests()).slice(asked);
    assert.ok(requests.every(({ query }) => !/offset=-1/.test(query ?? "")), "nothing is loaded anew");
    assert.deepEqual(violations, []);
  });

  it("says why a row looks as it does after an edit without a network", async () => {
    await page.evaluate(() => db.disconnect());
    await write("UPDATE todos SET title = 'Edited offline' WHERE title = ?", [ROW]);
    await view("Tables");
    await inspector.locator('button[data-table="todos"]').click();
    const row = panel().locator("tr.changed", { hasText: "Edited offline" });
    await row.getByText("pending", { exact: true }).waitFor();
    await row.getByRole("button", { name: "Explain" }).click();
    const explained = inspector.locator('[data-part="row"]');
    await explained.getByText(/This is the server's row with title as written here by transaction #\d+\./).waitFor();
    await explained.getByText(/#\d+ waits to be sent\./).waitFor();
    const cells = await explained.locator('tr[data-column="title"] td').allInnerTexts();
    assert.deepEqual(cells.slice(0, 4), ["title", ROW, "Edited offline", "Edited offline"]);
    assert.match(cells[4], /^changed #\d+/);
    assert.equal(await explained.locator("tr.changed").count(), 1, "the other columns are the server's");

    await page.evaluate(() => db.connect());
    await explained.getByText("This is the server's row; no write of it is on its way.").waitFor();
  });

  it("repairs a rejected write", async () => {
    const rejected = page.evaluate(() => app.event(db, "rejected"));
    await write("UPDATE todos SET title = '' WHERE title = 'Edited offline'");
    const { number } = await rejected;
    await view("Outbox");
    const card = inspector.locator(`[data-transaction="${number}"]`);
    await card.getByText(/^EMPTY_TITLE: /).waitFor();
    const cells = await card.locator("tbody td").allInnerTexts();
    assert.deepEqual(cells, ["title", "Edited offline", "", "Edited offline"], "base, written, server now");
    await card.getByRole("button", { name: "Edit" }).click();
    const field = card.getByLabel("title");
    assert.equal(await field.inputValue(), "");
    await field.fill("Put right");
    await card.getByRole("button", { name: "Save and send" }).click();
    await panel().getByText("Rejected (0)").waitFor();
    await page.evaluate(() => app.confirmed(db));
    assert.ok((await server.rows()).some(({ title }) => title === "Put right"));
  });

  it("retries and discards", async () => {
    for (const what of ["Retry", "Discard"]) {
      const rejected = page.evaluate(() => app.event(db, "rejected"));
      await write("UPDATE todos SET title = '' WHERE title = 'Put right'");
      const { number } = await rejected;
      const card = inspector.locator(`[data-transaction="${number}"]`);
      await card.getByRole("button", { name: what, exact: true }).click();
      await card.waitFor({ state: "detached" });
    }
    // What was retried was refused again, under another number.
    await inspector.locator("article", { hasText: "EMPTY_TITLE" }).getByRole("button", { name: "Discard" }).click();
    await panel().getByText("Rejected (0)").waitFor();
    assert.deepEqual(await page.evaluate(() => db.rejected()), []);
  });

  it("shows shapes with handle and offset", async () => {
    await view("Shapes");
    const shape = inspector.locator('[data-shape="todos/default"]');
    await shape.getByText("live", { exact: true }).waitFor();
    const stored = await page.evaluate(async () => {
      const [{ progress }] = await db.query("SELECT progress FROM _throughline_shapes");
      return JSON.parse(progress).position;
    });
    await shape.getByText(stored.handle, { exact: true }).waitFor();
    await shape.getByText(stored.offset, { exact: true }).waitFor();
  });

  it("shows live queries with their runs and plans", async () => {
    await page.evaluate(async () => void (globalThis.counts = await app.counts(db, "SELECT id, title FROM todos")));
    await view("Live queries");
    const query = inspector.locator("article", { hasText: "SELECT id, title FROM todos" });
    const runs = async () => Number(await query.locator("dt:text-is('Runs') + dd").innerText());
    await query.waitFor();
    const before = await runs();
    await page.evaluate(() => app.add(db, "One more").then(() => {}));
    await query.locator("dt:text-is('Rows') + dd", { hasText: new RegExp(`^${(await page.evaluate(() => counts[0])) + 1}$`) }).waitFor();
    assert.ok((await runs()) > before);
    await query.locator("dt:text-is('Tab') + dd", { hasText: "the one that leads" }).waitFor();
    await query.getByRole("button", { name: "Query plan" }).click();
    await query.locator(".plan li.scan", { hasText: "SCAN" }).first().waitFor();
  });

  it("runs SQL by the app's rules", async () => {
    await view("SQL");
    const input = inspector.getByRole("textbox", { name: "SQL" });
    const result = inspector.locator('[data-part="result"]');
    await input.fill("SELECT title FROM todos WHERE title = 'One more'");
    await input.press("Control+Enter");
    await result.getByText(/^1 row, /).waitFor();
    assert.deepEqual(await result.locator("td").allInnerTexts(), ["One more"]);
    await input.fill("DELETE FROM todos_synced");
    await inspector.getByRole("button", { name: "Run" }).click();
    await result.getByText(/^FORBIDDEN: /).waitFor();
    await inspector.getByLabel("History").selectOption({ label: "SELECT title FROM todos WHERE title = 'One more'" });
    await inspector.getByRole("button", { name: "Plan" }).click();
    await result.locator(".plan li").first().waitFor();
  });

  it("downloads the database, verifies it and checks the file", async () => {
    await view("Database");
    await panel().getByText("opfs", { exact: true }).waitFor();
    const [download] = await Promise.all([inspector.waitForEvent("download"), inspector.getByRole("button", { name: "Download .sqlite" }).click()]);
    assert.equal(download.suggestedFilename(), "app.sqlite");
    assert.equal(readFileSync(await download.path()).subarray(0, 15).toString(), "SQLite format 3");
    const findings = inspector.locator('[data-part="findings"]');
    await inspector.getByRole("button", { name: "Verify shadow rows" }).click();
    await findings.getByText(/looked at, 0 problems/).waitFor();
    await inspector.getByRole("button", { name: "Check the file" }).click();
    await findings.getByText("The file is sound").waitFor();
  });

  it("records a trace that a native test plays with the same effects", async () => {
    await view("Trace");
    await inspector.getByRole("button", { name: "Record" }).click();
    await inspector.getByRole("button", { name: "Stop" }).waitFor();
    const rejected = page.evaluate(() => app.event(db, "rejected"));
    await write("INSERT INTO todos (id, title, completed, created_at) VALUES (?, 'Recorded', false, ?)", [crypto.randomUUID(), "2026-01-02T03:04:05Z"]);
    await write("UPDATE todos SET title = '' WHERE title = 'Put right'");
    const { number } = await rejected;
    await page.evaluate(async ([number]) => {
      await db.discard(number);
      await app.confirmed(db);
    }, [number]);
    assert.ok((await page.evaluate(() => counts.length)) > 1, "live queries went on");
    await panel().locator("tbody tr", { hasText: "Discard" }).first().waitFor();
    const [download] = await Promise.all([inspector.waitForEvent("download"), inspector.getByRole("button", { name: "Save" }).click()]);
    const { steps } = JSON.parse(readFileSync(await download.path(), "utf8"));
    const played = execFileSync("cargo", ["test", "--quiet", "-p", "throughline", "--test", "trace", "--", "--ignored", "--nocapture"], {
      cwd: root,
      env: { ...process.env, THROUGHLINE_TRACE: await download.path() },
      encoding: "utf8",
    });
    assert.match(played, new RegExp(`^${steps.length} steps as recorded$`, "m"));
    await inspector.getByRole("button", { name: "Stop" }).click();
    await inspector.getByRole("button", { name: "Record" }).waitFor();
  });

  for (const colorScheme of ["light", "dark"]) {
    it(`is accessible and fits a phone, ${colorScheme}`, async () => {
      await inspector.emulateMedia({ colorScheme });
      await inspector.setViewportSize({ width: 360, height: 640 });
      // As the test's own script: the page's policy lets no other in.
      await inspector.evaluate(axe);
      await view("Tables");
      await inspector.getByRole("button", { name: "Explain" }).first().click();
      for (const [name, content] of Object.entries(CONTENTS)) {
        await view(name);
        await panel().locator(content).first().waitFor();
        const { found, width } = await inspector.evaluate(async () => {
          const { violations } = await globalThis.axe.run(document, { resultTypes: ["violations"] });
          const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(" | ")}`);
          return { found, width: document.scrollingElement.scrollWidth };
        });
        assert.deepEqual(found, [], name);
        assert.ok(width <= 360, `${name} is ${width} pixels wide`);
      }
    });
  }

  it("is used by the keyboard alone", async () => {
    await view("Tables");
    await inspector.getByRole("tab", { name: "Tables" }).focus();
    await inspector.keyboard.press("ArrowRight");
    assert.equal(await inspector.getByRole("tab", { name: "Outbox" }).getAttribute("aria-selected"), "true");
    await inspector.keyboard.press("End");
    assert.equal(await inspector.getByRole("tab", { name: "Database" }).getAttribute("aria-selected"), "true");
    await inspector.keyboard.press("Home");
    await inspector.getByRole("button", { name: "Explain" }).first().focus();
    await inspector.keyboard.press("Enter");
    const focused = () => inspector.evaluate(() => document.querySelector(".page").shadowRoot.activeElement?.textContent);
    await until("the row that is explained has the focus", async () => /^Why does todos/.test(await focused()));
  });

  it("keeps the database when the app goes, and gives it back unchanged", async () => {
    const before = await page.evaluate(() => db.query("SELECT progress FROM _throughline_shapes"));
    await page.close();
    await view("Tabs");
    await inspector.locator('tr[data-tab="0"]').getByText("(this one)").waitFor();
    await view("Tables");
    await inspector.locator('button[data-table="todos"]').waitFor();
    const asked = (await server.shapeRequests()).length;

    page = await openApp(profile, server);
    await page.evaluate(async () => void (globalThis.db = await app.openSynced()));
    await view("Tabs");
    await inspector.locator('tr[data-tab="1"]').getByText("(this one)").waitFor();
    const requests = (await server.shapeRequests()).slice(asked);
    assert.ok(requests.length > 0);
    const { handle } = JSON.parse(before[0].progress).position;
    assert.ok(requests.every(({ query }) => query.includes(`handle=${handle}`)), JSON.stringify(requests));
    assert.deepEqual(violations, []);
  });

  it("makes no database that is not there", async () => {
    const other = await profile.open(`${server.origin}/pkg/inspector.html?name=nobody`);
    await other.getByText('keeps no database "nobody"').waitFor();
    await other.getByRole("link", { name: "app", exact: true }).click();
    await other.getByRole("tablist").waitFor();
    await other.close();
    const names = await page.evaluate(async () => (await (await import("/pkg/index.js")).databases()).map(({ name }) => name));
    assert.deepEqual(names, ["app"]);
  });
});

describe("the inspector's panel in an app", () => {
  it("opens over the page, changes nothing of it, and goes", async () => {
    const look = () => page.evaluate(() => JSON.stringify([getComputedStyle(document.body).font, document.styleSheets.length, document.adoptedStyleSheets.length]));
    const before = await look();
    await page.evaluate(async () => {
      const { inspect } = await import("/pkg/inspector.js");
      globalThis.opened = inspect(db, { name: "app" });
    });
    await page.getByRole("button", { name: "todos" }).waitFor();
    assert.equal(await look(), before);
    await page.getByRole("button", { name: "Close" }).click();
    assert.equal(await page.evaluate(() => document.body.children.length), 0);
    assert.equal((await page.evaluate(() => db.query("SELECT 1 AS one")))[0].one, 1, "the database stays open");
  });

  it("is no part of what an app loads", async () => {
    const loaded = ["index.js", "worker.js"].map((file) => readFileSync(resolve(root, "pkg", file), "utf8"));
    assert.ok(loaded.every((script) => !/Throughline inspector|attachShadow/.test(script)));
  });
});
