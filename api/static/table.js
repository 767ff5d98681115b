/** Keeps the tables of tours up to date, without moving the reader. */
const REFRESH_MS = 15000;

async function refresh() {
  if (document.hidden) return;
  const answer = await fetch(location.href, { cache: "no-cache" });
  if (!answer.ok) return;
  const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("live");
  const shown = document.getElementById("live");
  if (fresh && fresh.innerHTML !== shown.innerHTML && !shown.contains(document.activeElement)) {
    shown.replaceWith(document.adoptNode(fresh));
  }
}

setInterval(() => refresh().catch((error) => console.warn(error)), REFRESH_MS);
