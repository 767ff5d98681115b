/**
 * The service worker of the driver's page: keeps the page and its maps for where there is no network.
 *
 * What the driver reports never passes here; the page keeps it itself, see driver_post.js.
 */
const SHELF = "drive";

/** A page is kept under its address, whatever a browser says beside it. */
const ANYHOW = { ignoreVary: true };

/** A network that answers no sooner is none. */
const PATIENCE_MS = 4000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

self.addEventListener("fetch", (event) => {
  const { pathname, origin } = new URL(event.request.url);
  if (event.request.method !== "GET" || origin !== location.origin || pathname.startsWith("/api/")) return;
  event.respondWith(pathname.startsWith("/drive/sketch/") ? kept(event.request) : fresh(event.request));
});

/** What never changes comes from the shelf. */
async function kept(request) {
  return (await caches.match(request, ANYHOW)) ?? ask(request);
}

/** What may change comes from the network; where there is none, as it was last. */
async function fresh(request) {
  const asked = ask(request);
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS));
  const answer = await Promise.race([asked.catch(() => undefined), late]);
  return answer ?? (await caches.match(request, ANYHOW)) ?? asked;
}

async function ask(request) {
  const answer = await fetch(request);
  // The way in is not kept: it would hide the tour from a driver whose session is over.
  const secret = (answer.headers.get("Cache-Control") ?? "").includes("no-store");
  if (answer.ok && !secret) {
    const copy = answer.clone();
    const shelf = await caches.open(SHELF);
    await shelf.put(request, copy);
  }
  return answer;
}
