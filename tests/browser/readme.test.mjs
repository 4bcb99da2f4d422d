// README's quick start, as printed, in a fresh Vite app in front of the demo's server.

import assert from "node:assert/strict";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { build } from "vite";
import { newProfile } from "./support/profile.mjs";
import { startServer } from "./support/server.mjs";
import { until } from "./support/until.mjs";

const root = resolve(import.meta.dirname, "../..");

/** The first JavaScript block under the heading. */
function printed(heading) {
  const readme = readFileSync(join(root, "README.md"), "utf8");
  const section = readme.slice(readme.indexOf(`\n## ${heading}\n`));
  return /```js\n([\s\S]*?)```/.exec(section)[1];
}

describe("README's quick start", () => {
  let app;
  let server;
  let profile;

  before(async () => {
    app = mkdtempSync(join(tmpdir(), "throughline-readme-"));
    cpSync(join(root, "pkg"), join(app, "node_modules/throughline"), { recursive: true });
    writeFileSync(join(app, "main.js"), printed("Quick start"));
    writeFileSync(join(app, "index.html"), '<!doctype html><script type="module" src="/main.js"></script>');
    await build({ root: app, configFile: false, logLevel: "error" });
    server = await startServer({ site: join(app, "dist") });
    profile = await newProfile();
  });

  after(async () => {
    await profile?.dispose();
    await server?.dispose();
    if (app) rmSync(app, { recursive: true, force: true });
  });

  it("is short", () => {
    assert.ok(printed("Quick start").trimEnd().split("\n").length <= 20);
  });

  it("writes a row that reaches the server", async () => {
    await profile.open(server.origin);
    const rows = await until("the row is there", async () => {
      const found = (await server.rows()).filter(({ title }) => title === "Buy milk");
      return found.length > 0 && found;
    });
    assert.equal(rows.length, 1);
    assert.notEqual(rows[0].write_id, null);
  });
});
