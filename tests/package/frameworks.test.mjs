// Apps of frameworks that render on a server first: built as their own command does, and opened in a browser.

import { execFile } from "node:child_process";
import { join } from "node:path";
import { describe, it } from "node:test";
import { promisify } from "node:util";
import { apps } from "./support/apps.mjs";
import { answers } from "./support/browser.mjs";
import { serve, serveBy } from "./support/sites.mjs";

const folder = (app) => join(apps(), app);
const tool = (name) => join(apps(), "node_modules/.bin", name);
const quiet = { NEXT_TELEMETRY_DISABLED: "1", NUXT_TELEMETRY_DISABLED: "1", CI: "1" };

async function run(app, name, ...args) {
  try {
    await promisify(execFile)(tool(name), args, { cwd: folder(app), env: { ...process.env, ...quiet, NODE_ENV: "production" }, maxBuffer: 2 ** 24 });
  } catch ({ message, stdout, stderr }) {
    throw new Error(`${message}\n${stdout}\n${stderr}`);
  }
}

describe("an app that is rendered on a server answers a query", () => {
  for (const bundler of ["turbopack", "webpack"]) {
    it(`Next with ${bundler}`, async () => {
      await run("next", "next", "build", `--${bundler}`);
      await answers(await serveBy(folder("next"), tool("next"), ["start", "--port", "0"], quiet));
    });
  }

  it("SvelteKit", async () => {
    await run("sveltekit", "vite", "build");
    await answers(await serve({ "/": join(folder("sveltekit"), "build") }));
  });

  it("Nuxt", async () => {
    await run("nuxt", "nuxt", "build");
    await answers(await serveBy(folder("nuxt"), process.execPath, [".output/server/index.mjs"], { ...quiet, PORT: "0" }));
  });
});
