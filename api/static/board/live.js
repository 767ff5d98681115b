/** Follows the day by server-sent events, comes back after a break, and says how old things are. */
import { words } from "../words.js";
import { byId, day, say, write } from "./parts.js";

/** The server says something at least every ten seconds; after this long it is gone. */
const SILENCE_MS = 22_000;
const PATIENCE_MS = 3_000;
const AGAIN_MS = 3_000;

export class Live {
  constructor(model, times, clock, onTold) {
    Object.assign(this, { model, times, clock, onTold, last: null, heard: performance.now(), stale: false, again: 0 });
    this.#open();
    setInterval(() => this.#look(), 1_000);
  }

  #open() {
    const since = this.last === null ? "" : `?since=${this.last}`;
    this.source = new EventSource(`/api/v1/board/${day}/events${since}`);
    this.source.addEventListener("plan", (event) => this.#plan(event));
    this.source.addEventListener("clock", (event) => this.#tell(event));
    this.source.addEventListener("error", () => {
      this.lost ??= performance.now();
      if (this.source.readyState === EventSource.CLOSED) setTimeout(() => this.#open(), AGAIN_MS);
    });
  }

  #tell(event) {
    const told = JSON.parse(event.data);
    this.last = event.lastEventId;
    this.heard = performance.now();
    this.lost = null;
    this.told = Date.parse(told.now);
    this.clock.observe(this.told);
    this.#show(false);
    if (event.type === "clock") this.onTold(told);
  }

  async #plan(event) {
    this.#tell(event);
    await this.refresh();
  }

  /** Fetch what is different, again and again until it has come. */
  async refresh() {
    clearTimeout(this.again);
    try {
      await this.model.refresh();
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
    if (now - this.heard > 2 * SILENCE_MS && this.source.readyState === EventSource.OPEN) {
      this.source.close();  // the line is dead, and nobody has told the browser
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
