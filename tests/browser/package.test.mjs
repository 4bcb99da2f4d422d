// The packed npm package in apps that know nothing of it: a fresh Vite app, and a page on a plain file server.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { createReadStream, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { extname, join, resolve } from "node:path";
import { after, before, describe, it } from "node:test";
import { chromium } from "playwright-core";
import { build as viteBuild, createServer as createViteServer } from "vite";

const root = resolve(import.meta.dirname, "../..");

// What an app would write. It leaves its answer, or what went wrong, where the test can wait for it.
const script = `
import { open } from "throughline";
try {
  const db = await open({ name: "package-test", tables: {} });
  const rows = await db.query("SELECT sqlite_version() AS version");
  // What the module's second file does.
  const { length } = await db.export();
  document.body.dataset.answer = JSON.stringify(rows.map((row) => ({ ...row, length })));
  await db.close();
} catch (error) {
  document.body.dataset.failure = String(error?.stack ?? error);
}
`;
const page = (head) => `<!doctype html><meta charset="utf-8"><title>package test</title>${head}<body></body>`;

let app;
let installed;
let browser;

before(async () => {
  app = mkdtempSync(join(tmpdir(), "throughline-package-"));
  const [{ filename }] = JSON.parse(npm(root, "pack", "./pkg", "--json", "--pack-destination", app));
  writeFileSync(join(app, "package.json"), JSON.stringify({ name: "fresh-app", private: true, type: "module" }));
  // Offline: the package depends on nothing, and this fails if that changes.
  npm(app, "install", "--offline", "--no-audit", "--no-fund", `./${filename}`);
  installed = join(app, "node_modules/throughline");
  writeFileSync(join(app, "app.js"), script);
  writeFileSync(join(app, "index.html"), page('<script type="module" src="/app.js"></script>'));
  browser = await chromium.launch({
    executablePath: process.env.THROUGHLINE_CHROMIUM,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking", "--disable-component-update"],
  });
});

after(async () => {
  await browser?.close();
  if (app) rmSync(app, { recursive: true, force: true });
});

describe("the packed package", () => {
  it("holds every file its manifest names", async () => {
    const { exports } = JSON.parse(readFileSync(join(installed, "package.json"), "utf8"));
    const named = Object.values(exports).flatMap((target) => (typeof target === "string" ? [target] : Object.values(target)));
    assert.ok(named.length > 0);
    assert.deepEqual(named.filter((file) => !existsSync(join(installed, file))), []);
  });

  it("answers a query in an app that Vite built without configuration", async () => {
    await viteBuild({ root: app, configFile: false, logLevel: "error" });
    await answersOn(await serve(join(app, "dist")));
  });

  it("answers a query in an app that Vite serves for development", async () => {
    const vite = await createViteServer({ root: app, configFile: false, logLevel: "error", server: { port: 0, host: "127.0.0.1" } });
    try {
      await vite.listen();
      await answersOn({ url: vite.resolvedUrls.local[0], close: () => {} });
    } finally {
      await vite.close();
    }
  });

  it("answers a query on a page that a plain file server gives out", async () => {
    const site = join(app, "plain");
    mkdirSync(site);
    const imports = JSON.stringify({ imports: { throughline: "/node_modules/throughline/index.js" } });
    writeFileSync(join(site, "app.js"), script);
    writeFileSync(
      join(site, "index.html"),
      page(`<script type="importmap">${imports}</script><script type="module" src="/app.js"></script>`),
    );
    await answersOn(await serve(site, { "/node_modules/throughline/": installed }));
  });
});

async function answersOn({ url, close }) {
  const context = await browser.newContext();
  try {
    const tab = await context.newPage();
    const console = [];
    tab.on("console", (message) => console.push(message.text()));
    tab.on("requestfailed", (request) => console.push(`failed: ${request.url()}`));
    tab.on("response", (response) => response.ok() || console.push(`${response.status()}: ${response.url()}`));
    await tab.goto(url);
    try {
      await tab.waitForSelector("body[data-answer], body[data-failure]", { state: "attached" });
    } catch (error) {
      throw new Error(`no answer; the page said:\n${console.join("\n")}`, { cause: error });
    }
    const { answer, failure } = await tab.evaluate(() => ({ ...document.body.dataset }));
    assert.equal(failure, undefined, `the page said:\n${console.join("\n")}`);
    const [{ version, length }] = JSON.parse(answer);
    assert.match(version, /^3\.\d+\.\d+$/);
    assert.ok(length > 0 && length % 4096 === 0, `${length} bytes are no database`);
  } finally {
    await context.close();
    await close();
  }
}

const mediaTypes = { ".html": "text/html", ".js": "text/javascript", ".wasm": "application/wasm", ".json": "application/json" };

/** Serves a folder on a free port of this machine; `mounts` are further folders by path prefix. */
async function serve(folder, mounts = {}) {
  const server = createServer((request, response) => {
    const { pathname } = new URL(request.url, "http://localhost");
    const prefix = Object.keys(mounts).find((mount) => pathname.startsWith(mount));
    const file = prefix ? join(mounts[prefix], pathname.slice(prefix.length)) : join(folder, pathname === "/" ? "index.html" : pathname);
    if (!existsSync(file) || !statSync(file).isFile()) return response.writeHead(404).end();
    response.writeHead(200, { "content-type": mediaTypes[extname(file)] ?? "application/octet-stream" });
    createReadStream(file).pipe(response);
  });
  await new Promise((ready) => server.listen(0, "127.0.0.1", ready));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => new Promise((closed) => server.close(closed).closeAllConnections()),
  };
}

function npm(folder, ...args) {
  return execFileSync("npm", args, { cwd: folder, encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] });
}
