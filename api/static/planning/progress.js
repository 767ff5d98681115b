/** How far a run is, every second; when its state changes the page is loaded anew. */
const POLL_MS = 1000;
const RETRY_MS = 4000;

const card = document.getElementById("progress");
const sentence = document.getElementById("progress-words");
const bar = card.querySelector("progress");

let before = null;

async function look() {
  const answer = await fetch(card.dataset.address + location.search, { cache: "no-store" });
  if (!answer.ok) throw new TypeError(String(answer.status));
  const seen = await answer.json();
  before ??= seen.state;
  if (seen.state !== before || !["queued", "running"].includes(seen.state)) {
    location.reload();
    return;
  }
  bar.value = seen.share;
  if (seen.state === "running") sentence.textContent = seen.words;
}

async function keepLooking() {
  let pause = POLL_MS;
  if (!document.hidden) {
    try {
      await look();
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      pause = RETRY_MS;
    }
  }
  setTimeout(keepLooking, pause);
}

keepLooking();
