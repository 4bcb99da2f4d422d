// Starts the app without a network, and keeps one version of its files together.
//
// The site's build (scripts/site.mjs) puts FILES before this: the path of each file that the page reaches, with the hash of its content; and
// ONCE_USED, those that it reaches when its user wants more. A file that did not change is not fetched again. A new version waits until the
// user wants it; then it takes over all tabs at once.

const CACHE = "throughline-demo";
const KNOWN = { ...FILES, ...ONCE_USED };

const keyOf = (path) => `${path}?${encodeURIComponent(KNOWN[path])}`;

self.addEventListener("install", (event) => event.waitUntil(precache()));
self.addEventListener("activate", (event) => event.waitUntil(takeOver()));
self.addEventListener("message", ({ data }) => data === "take over" && self.skipWaiting());

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const path = url.pathname === "/" ? "/index.html" : url.pathname;
  // Only the page's own files: shape requests and writes are none of this script's business.
  if (request.method !== "GET" || url.origin !== location.origin || !(path in KNOWN)) return;
  event.respondWith(answer(path, request));
});

async function precache() {
  const cache = await caches.open(CACHE);
  const used = new Set((await cache.keys()).map(({ url }) => new URL(url).pathname));
  const wanted = [...Object.keys(FILES), ...Object.keys(ONCE_USED).filter((path) => used.has(path))];
  await Promise.all(wanted.map(async (path) => (await cache.match(keyOf(path))) ?? keep(cache, path)));
}

/** Fetches a file of this version. */
async function keep(cache, path) {
  // The hash keeps a server that is half updated from giving a version that never was.
  const response = await fetch(path, { cache: "no-cache", integrity: KNOWN[path] });
  if (!response.ok) throw new Error(`${path}: ${response.status}`);
  await cache.put(keyOf(path), response.clone());
  return response;
}

async function takeOver() {
  const cache = await caches.open(CACHE);
  const wanted = new Set(Object.keys(KNOWN).map((path) => new URL(keyOf(path), location.origin).href));
  for (const { url } of await cache.keys()) if (!wanted.has(url)) await cache.delete(url);
  await self.clients.claim();
}

async function answer(path, request) {
  const cache = await caches.open(CACHE);
  return (await cache.match(keyOf(path))) ?? (path in ONCE_USED ? keep(cache, path) : fetch(request));
}
