// A server imports the same modules as the browser does, and runs none of them.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, it } from "node:test";
import { pathToFileURL } from "node:url";
import { apps } from "./support/apps.mjs";

const entries = () => {
  const { exports } = JSON.parse(readFileSync(join(apps(), "node_modules/throughline/package.json"), "utf8"));
  // The workers' scripts are effects and run in a worker alone.
  return Object.entries(exports).filter(([name, { default: file }]) => file && !name.endsWith("worker")).map(([name, { default: file }]) => [name, file]);
};

describe("under Node, without a browser's globals", () => {
  for (const [name, file] of entries()) {
    it(`imports ${name.replace(/^\./, "throughline")}`, async () => {
      const found = await import(pathToFileURL(join(apps(), "node_modules/throughline", file)));
      assert.ok(Object.keys(found).length > 0);
    });
  }

  it("open says what is missing", async () => {
    const { open } = await import(pathToFileURL(join(apps(), "node_modules/throughline/index.js")));
    await assert.rejects(open({ name: "server", tables: {} }), { code: "WORKER", message: /runs in a browser/ });
  });
});
