// The README's pictures: node scripts/screenshots.mjs [FOLDER] takes them in a headless Chromium, of the package in pkg/.

import { existsSync, mkdirSync, statSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { Demo } from "../tests/browser/support/demo.mjs";
import { newProfile } from "../tests/browser/support/profile.mjs";
import { startServer } from "../tests/browser/support/server.mjs";
import { root, settings } from "./settings.mjs";

/** A page with pictures loads slowly enough. */
const MOST_BYTES = 200_000;
const ROWS = 50_000;
const WIDE = { viewport: { width: 1280, height: 800 } };
const TALL = { viewport: { width: 1280, height: 1000 } };
const PHONE = { viewport: { width: 390, height: 844 }, deviceScaleFactor: 2, hasTouch: true, isMobile: true };

/** `show` gets the demo and leaves the page as it shall look, or returns another one; `needs` is a file of the package without which there is no such picture. */
const PICTURES = [
  { name: "demo", browser: WIDE, show: showPendingAndRefused },
  { name: "demo-outbox", browser: WIDE, show: showOutbox },
  { name: "demo-phone", browser: PHONE, show: showPhone },
  { name: "inspector", browser: TALL, needs: "inspector.html", show: showInspector },
];

/** Own changes, half of them under way, one refused, over the tables they go through. */
async function showPendingAndRefused(demo) {
  await demo.rename("Rename me to nothing and see the server say no", "");
  await demo.page.getByTestId("refused-later").click();
  await demo.goOffline();
  await demo.add("Buy a new kettle");
  await demo.tick("Open a second tab and watch both");
  await demo.rename("Read this list while offline", "Read this list on the train");
  await demo.shownPending(3);
  await demo.page.getByTestId("hood").click();
  await demo.page.getByTestId("table-changes").locator("tbody tr").nth(2).waitFor();
}

async function showOutbox(demo) {
  await demo.goOffline();
  await demo.addList(" ");
  await demo.page.getByTestId("empty").getByText("Nothing here yet").waitFor();
  await demo.add("Saffron");
  await demo.shows("Saffron", "pending");
  await demo.goOnline();
  await demo.page.getByTestId("refused-bar").waitFor();
  await demo.openList("Support tickets");
  await demo.rename("#00003 Badge reader on floor 1 is offline", "");
  await demo.openOutbox();
  await demo.page.getByTestId("rejected").nth(1).waitFor();
}

async function showPhone(demo) {
  await demo.openList("Groceries");
  await demo.tick("Lemons");
  await demo.page.locator('.done[data-state="confirmed"]').waitFor();
  await demo.goOffline();
  await demo.add("Saffron");
  await demo.shows("Saffron", "pending");
}

/** The demo's own database, seen by the package's page in another tab: why a row that waits looks as it does. */
async function showInspector(demo, server) {
  await demo.goOffline();
  await demo.page.evaluate(() => db.execute("UPDATE lists SET name = 'Groceries for Sunday' WHERE name = 'Groceries'"));
  await demo.addList("Cabin in the woods");
  const page = await demo.page.context().newPage();
  await page.goto(`${server.origin}/pkg/inspector.html?name=throughline-demo-lists`);
  await page.locator('button[data-table="lists"]').click();
  const row = page.getByRole("tabpanel").locator("tr.changed", { hasText: "Groceries for Sunday" });
  await row.getByRole("button", { name: "Explain" }).click();
  await page.locator('[data-part="row"]').getByText(/waits to be sent/).waitFor();
  await page.evaluate(() => scrollTo(0, 0));
  return page;
}

const folder = resolve(process.argv[2] ?? join(root, "docs"));
mkdirSync(folder, { recursive: true });
for (const { name, browser, needs, show } of PICTURES) {
  if (needs && !existsSync(join(root, settings.build.output, needs))) continue;
  const file = join(folder, `${name}.png`);
  await take(file, browser, show);
  const { size } = statSync(file);
  console.log(`${relative(root, file)}  ${size} bytes`);
  if (size > MOST_BYTES) {
    console.error(`${name}: more than ${MOST_BYTES} bytes`);
    process.exitCode = 1;
  }
}

/** Each picture has a server and a browser of its own, so that none shows what another one did. */
async function take(file, browser, show) {
  const server = await startServer({ rows: ROWS });
  const profile = await newProfile({ ...browser, colorScheme: "light", reducedMotion: "reduce" });
  try {
    const demo = await Demo.open(profile, server);
    await demo.settled();
    // The browser's own offer to install says nothing about the app.
    await demo.page.addStyleTag({ content: '[data-testid="install"] { display: none }' });
    const page = (await show(demo, server)) ?? demo.page;
    await page.evaluate(() => document.activeElement.blur());
    await page.screenshot({ path: file });
  } finally {
    await profile.dispose();
    await server.dispose();
  }
}
