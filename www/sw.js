// Lets the page start without a network: the newest files while there is one, the last ones when there is none.

const CACHE = "throughline-demo";
const NETWORK_MS = 4000;
const START = "/";
const ASSET = /\.(?:html|js|css|wasm|svg|png|webmanifest)$/;

self.addEventListener("install", (event) => {
  event.waitUntil(precache().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  // Only the page's own files: shape requests and writes are none of this script's business.
  if (request.method !== "GET" || url.origin !== location.origin) return;
  if (url.pathname === START || ASSET.test(url.pathname)) event.respondWith(networkFirst(event, url));
});

/** Follows the references from the page to all its files, so that no list has to be kept. */
async function precache() {
  const cache = await caches.open(CACHE);
  const seen = new Set([new URL(START, location.origin).href]);
  for (const address of seen) {
    const response = await fetch(address, { cache: "no-cache" });
    if (!response.ok) {
      if (seen.size === 1) throw new Error(`${address}: ${response.status}`);
      continue;
    }
    await cache.put(address, response.clone());
    if (!/text|javascript|json|svg/.test(response.headers.get("content-type") ?? "")) continue;
    for (const [, reference] of (await response.text()).matchAll(/["'](\.{0,2}\/?[\w./-]+)["']/g)) {
      const url = new URL(reference, address);
      if (url.origin === location.origin && ASSET.test(url.pathname) && isPath(reference)) seen.add(url.href);
    }
  }
}

/** `./x.js`, `/x.js`, and the bare `x_bg.wasm` that wasm-bindgen writes; not a bare module name. */
function isPath(reference) {
  return reference.includes("/") || reference.endsWith(".wasm");
}

async function networkFirst(event, url) {
  const cache = await caches.open(CACHE);
  const stored = () => cache.match(url.origin + url.pathname);
  const fresh = fetch(event.request);
  const kept = fresh.then((response) => response.ok && cache.put(url.origin + url.pathname, response.clone()));
  event.waitUntil(kept.catch(() => {}));
  // A network that neither answers nor fails is no network.
  const late = new Promise((resolve) => setTimeout(resolve, NETWORK_MS)).then(stored);
  try {
    const response = (await Promise.race([fresh, late])) ?? (await fresh);
    // A proxy without its server, or a server that is starting.
    return response.status < 500 ? response : ((await stored()) ?? response);
  } catch (error) {
    const last = await stored();
    if (last) return last;
    throw error;
  }
}
