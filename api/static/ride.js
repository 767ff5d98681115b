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
  if (!fresh || fresh.innerHTML === shown.innerHTML) return;
  shown.className = fresh.className;
  // What is read out by itself changes only if it says something else.
  const phase = shown.querySelector(".phase");
  const said = fresh.querySelector(".phase");
  if (phase.innerHTML !== said.innerHTML) phase.replaceChildren(...said.childNodes);
  said.remove();
  // The rest may have become more or less: another stop, where the bus is, no map any more.
  const open = shown.querySelector(".map-fold")?.open;
  while (phase.nextSibling) phase.nextSibling.remove();
  phase.after(...fresh.childNodes);
  const map = shown.querySelector(".map-fold");
  if (map && open !== undefined) map.open = open;
}

if (refresh) setInterval(look, EVERY_MS);
