// What lies in the packed package, and what comes with it.

import assert from "node:assert/strict";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, before, describe, it } from "node:test";
import { filesBelow, npm, pack } from "./support/apps.mjs";

let app;
let installed;

before(() => {
  app = mkdtempSync(join(tmpdir(), "throughline-alone-"));
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "fresh-app", private: true, type: "module" }));
  // Offline: the package depends on nothing, and this fails if that changes.
  npm(app, "install", "--offline", pack(app));
  installed = join(app, "node_modules/throughline");
});

after(() => app && rmSync(app, { recursive: true, force: true }));

const manifest = () => JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));

describe("the packed package", () => {
  it("comes alone", () => {
    assert.deepEqual(readdirSync(join(app, "node_modules")).filter((name) => !name.startsWith(".")), ["throughline"]);
  });

  it("holds every file its manifest names", () => {
    const { exports, bin } = manifest();
    const named = [...Object.values(exports), ...Object.values(bin)].flatMap((target) => (typeof target === "string" ? target : Object.values(target)));
    assert.ok(named.length > 0);
    assert.deepEqual(named.filter((file) => !existsSync(join(installed, file))), []);
  });

  it("holds the entries, their maps and types, the module in its two files and the larger one, the papers, and no other file", () => {
    const { exports } = manifest();
    const scripts = [...Object.values(exports).flatMap((target) => target.default ?? []), "./cli.js", "./inspector-page.js"].map((file) => file.slice(2)).sort();
    const files = filesBelow(installed);
    assert.deepEqual(files.filter((file) => !file.startsWith("types/")), [
      ...["CHANGELOG.md", "LICENSE", "LICENSE-APACHE", "LICENSE-MIT", "README.md", "inspector.html", "package.json", "throughline_bg.wasm", "throughline_full_bg.wasm", "throughline_rest.wasm"],
      ...scripts,
      ...scripts.filter((file) => !["cli.js", "inline.js"].includes(file)).map((file) => `${file}.map`),
    ].sort());
    const sources = filesBelow(join(import.meta.dirname, "../../src/js")).filter((file) => file !== "cli.ts" && !file.startsWith("pull/"));
    const declared = [...sources.map((file) => file.replace(/\.ts$/, ".d.ts")), "throughline.d.ts", "wasm.d.ts"].sort();
    assert.deepEqual(files.filter((file) => file.startsWith("types/")).map((file) => file.slice("types/".length)), declared);
  });
});
