/** Follows the day by server-sent events, comes back after a break, and says how old things are. */
import { words } from "../words.js";
import { byId, day, say, write } from "./parts.js";

/** The server says something at least every ten seconds; after this long it is gone. */
const SILENCE_MS = 22_000;
const PATIENCE_MS = 3_000;
const AGAIN_MS = 3_000;

export class Live {
  constructor(model, times, clock, onTold) {
    Object.assign(this, { model, times, clock, onTold, heard: performance.now(), again: 0 });
    setInterval(() => this.#look(), 1_000);
  }

  /** Listen to what leads on from the day that is known. */
  #open() {
    this.source?.close();
    this.source = new EventSource(`/api/v1/board/${day}/events?since=${this.model.tag}`);
    this.source.addEventListener("plan", (event) => this.#plan(event));
    this.source.addEventListener("clock", (event) => this.#tell(event));
    this.source.addEventListener("error", () => {
      this.lost ??= performance.now();
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.#open(), AGAIN_MS);
    });
  }

  #tell(event) {
    const told = JSON.parse(event.data);
    this.heard = performance.now();
    this.lost = null;
    this.told = Date.parse(told.now);
    this.clock.observe(this.told);
    this.#show(false);
    if (event.type === "clock") this.onTold(told);
    return told;
  }

  /** Take in what is different, if it leads on from what is known; else ask, and listen anew. */
  async #plan(event) {
    const { since, difference } = this.#tell(event);
    if (this.model.looksBack || (difference && this.model.follow(since, difference))) return;
    await this.refresh();
  }

  /** Fetch what is different, again and again until it has come, and listen to what follows. */
  async refresh() {
    clearTimeout(this.again);
    try {
      await this.model.refresh();
      if (!this.model.looksBack) this.#open();
    } catch (error) {
      if (!(error instanceof TypeError) && !error.problem) throw error;
      this.lost ??= performance.now();
      this.again = setTimeout(() => this.refresh(), AGAIN_MS);
    }
  }

  #look() {
    const now = performance.now();
    const gone = now - this.heard > SILENCE_MS || (this.lost && now - this.lost > PATIENCE_MS);
    if (gone) this.#show(true);
    if (now - this.heard > 2 * SILENCE_MS && this.source?.readyState === EventSource.OPEN) {
      // The line is dead, and nobody has told the browser.
      this.heard = now;
      this.#open();
    }
  }

  #show(stale) {
    const live = byId("live");
    live.classList.toggle("stale", stale);
    document.getElementById("board").classList.toggle("stale", stale);
    write(live, stale ? say("stale_since", { time: this.told ? this.times.clock(this.told) : "–" }) : words.live);
  }
}
