// Serves the pages, notes what a page really fetches, and passes on what is the backend's.

import { readFileSync, existsSync, statSync, writeFileSync, mkdirSync } from "node:fs";
import { createHash } from "node:crypto";
import { createServer, request } from "node:http";
import { dirname, extname, join, normalize } from "node:path";
import { brotliCompress, constants } from "node:zlib";
import { promisify } from "node:util";
import { here, root, siteFolder } from "./bundle.mjs";

const TYPES = { ".html": "text/html", ".js": "text/javascript", ".mjs": "text/javascript", ".wasm": "application/wasm" };
/** A worker's script with this before its path counts its calls to files. */
export const COUNTED = "/counted";
const BACKEND = ["/v1/", "/changes", "/test/"];
const sizesFile = join(root, "target/compare/brotli.json");

/** Starts the site in front of a backend; pages of `isolated` systems come with COOP and COEP. */
export async function startSite(backend, systems) {
  const site = new Site(new URL(backend), new Set(systems.filter(({ isolated }) => isolated).map(({ id }) => id)));
  await site.start();
  return site;
}

class Site {
  #backend;
  #isolated;
  #server;
  /** When each file was first asked for since {@link forget}, in milliseconds of the wall clock. */
  #asked = new Map();
  origin;

  constructor(backend, isolated) {
    this.#backend = backend;
    this.#isolated = isolated;
    this.#server = createServer((incoming, outgoing) => this.#answer(incoming, outgoing));
  }

  async start() {
    await new Promise((resolve) => this.#server.listen(0, "127.0.0.1", resolve));
    this.#server.unref();
    this.origin = `http://localhost:${this.#server.address().port}`;
  }

  stop() {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** The files asked for since `forget` and until then, in order. */
  fetched(until = Infinity) {
    return [...this.#asked].filter(([, at]) => at <= until).map(([path]) => path);
  }

  forget() {
    this.#asked.clear();
  }

  #answer(incoming, outgoing) {
    const { pathname } = new URL(incoming.url, this.origin);
    if (BACKEND.some((prefix) => pathname.startsWith(prefix))) return this.#pass(incoming, outgoing);
    if (pathname.startsWith(`${COUNTED}/`)) return sendScript(outgoing, countedScript(pathname.slice(COUNTED.length)));
    const path = normalize(join(siteFolder, pathname.endsWith("/") ? `${pathname}index.html` : pathname));
    if (!path.startsWith(siteFolder) || !existsSync(path) || !statSync(path).isFile()) {
      outgoing.writeHead(404).end();
      return;
    }
    if (!this.#asked.has(path)) this.#asked.set(path, Date.now());
    const isolation = { "cross-origin-opener-policy": "same-origin", "cross-origin-embedder-policy": "require-corp" };
    outgoing.writeHead(200, {
      "content-type": TYPES[extname(path)] ?? "application/octet-stream",
      // A second visit is one with a warm cache, as in production.
      "cache-control": "max-age=3600",
      ...(this.#isolated.has(pathname.split("/")[1]) && isolation),
    });
    outgoing.end(readFileSync(path));
  }

  #pass(incoming, outgoing) {
    const { hostname, port } = this.#backend;
    const { method, url: path, headers } = incoming;
    const onward = request({ hostname, port, method, path, headers }, (answer) => {
      outgoing.writeHead(answer.statusCode, answer.headers);
      answer.pipe(outgoing);
    });
    onward.on("error", () => outgoing.destroy());
    outgoing.on("close", () => onward.destroy());
    incoming.pipe(onward);
  }
}

function sendScript(outgoing, text) {
  outgoing.writeHead(200, { "content-type": TYPES[".js"] }).end(text);
}

/** A script that counts and is the one at this path. */
const countedScript = (path) => 
  path === "/counter.js" ? readFileSync(join(here, "page/counter.js")) : `import "${COUNTED}/counter.js";\nimport ${JSON.stringify(path)};\n`;

const compress = promisify(brotliCompress);

/** Bytes of files, each compressed by itself with brotli at its best. */
export async function brotliBytes(paths) {
  const known = existsSync(sizesFile) ? JSON.parse(readFileSync(sizesFile, "utf8")) : {};
  let sum = 0;
  for (const path of paths) {
    const bytes = readFileSync(path);
    const hash = createHash("sha256").update(bytes).digest("hex");
    known[hash] ??= (await compress(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 11, [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length } })).length;
    sum += known[hash];
  }
  mkdirSync(dirname(sizesFile), { recursive: true });
  writeFileSync(sizesFile, JSON.stringify(known));
  return sum;
}
