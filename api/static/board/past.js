/** Looking back: the day as it stood after any of its changes. Nothing can be done then. */
import { words } from "../words.js";
import { ask, byId, day, notify, say, write } from "./parts.js";

const QUIET_MS = 120;

export class Past {
  /** `shown` is told whenever another moment is looked at. */
  constructor(model, times, acting, live, shown) {
    Object.assign(this, { model, times, acting, live, shown, moments: [], timer: 0, asked: 0 });
    this.slider = byId("past-time");
    byId("open-past").addEventListener("click", () => (byId("past").hidden ? this.open() : this.close()));
    byId("past-close").addEventListener("click", () => this.close());
    byId("past-before").addEventListener("click", () => this.#step(-1));
    byId("past-after").addEventListener("click", () => this.#step(1));
    this.slider.addEventListener("input", () => this.#choose());
  }

  async open() {
    const told = await this.acting.run(() => ask("GET", `/api/v1/board/${day}/past`));
    if (!told) return;
    this.moments = told.moments;
    if (!this.moments.length) {
      notify(words.no_past);
      return;
    }
    byId("past").hidden = false;
    byId("open-past").setAttribute("aria-expanded", "true");
    this.slider.max = this.moments.length - 1;
    this.slider.value = this.slider.max;
    this.#choose();
    this.slider.focus();
  }

  async close() {
    clearTimeout(this.timer);
    this.asked += 1;
    byId("past").hidden = true;
    byId("open-past").setAttribute("aria-expanded", "false");
    byId("open-past").focus();
    this.model.toNow();
    await this.live.refresh();
    this.shown();
  }

  #step(by) {
    this.slider.value = Number(this.slider.value) + by;
    this.#choose();
  }

  #choose() {
    const chosen = Number(this.slider.value);
    const { time, revision } = this.moments[chosen];
    const clock = this.times.clock(Date.parse(time));
    this.slider.setAttribute("aria-valuetext", clock);
    write(byId("past-said"), say("past_at", { time: clock, number: chosen + 1, of: this.moments.length }));
    byId("past-before").disabled = chosen === 0;
    byId("past-after").disabled = chosen === this.moments.length - 1;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#show(revision), QUIET_MS);
  }

  async #show(revision) {
    this.asked += 1;
    const number = this.asked;
    await this.acting.run(() => this.model.toRevision(revision, () => number === this.asked));
    this.shown();
  }
}
