/** A ride that is watched: printing, and looking again by itself while the bus is coming. */
const EVERY_MS = 20_000;

const print = document.querySelector(".print");
print.hidden = false;
print.addEventListener("click", () => window.print());

const refresh = document.getElementById("refresh");

async function look() {
  if (document.hidden) return;
  const answer = await fetch(refresh.action, {
    method: "POST", body: new URLSearchParams(new FormData(refresh)),
  }).catch(() => null);
  if (!answer?.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.getElementById("ride");
  const shown = document.getElementById("ride");
  // Only what has changed is put in, so that nothing is read out again without need.
  if (fresh && fresh.innerHTML !== shown.innerHTML) {
    for (const [place, now] of [[".phase", ".phase"], [".where", ".where"], [".map-fold", ".map-fold"]]) {
      const before = shown.querySelector(place);
      const after = fresh.querySelector(now);
      if (before && after && before.innerHTML !== after.innerHTML) before.replaceChildren(...after.childNodes);
    }
    shown.className = fresh.className;
  }
}

if (refresh) setInterval(look, EVERY_MS);
