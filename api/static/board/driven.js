/** Planned and driven, halt by halt: fetched when it is looked at, and when the day has changed. */
import { words } from "../words.js";
import { ask, day, part, say, table } from "./parts.js";

/** What is different by less than this is as planned. */
const AS_PLANNED = 60;

export class Driven {
  /** `came` is called when there is something new to show. */
  constructor(model, times, came) {
    Object.assign(this, { model, times, came, halts: null, revision: null });
  }

  table() {
    if (this.revision !== this.model.revision && !this.model.past) this.#fetch();
    if (!this.halts) return part("p", {}, words.wait);
    const heads = ["table_halt", "table_ride", "table_promise", "table_planned", "table_driven", "table_difference"].map((each) => words[each]);
    return table(words.planned_driven, heads, this.halts.map((each) => this.#row(each)));
  }

  async #fetch() {
    this.revision = this.model.revision;
    this.halts = (await ask("GET", `/api/v1/board/${day}/driven`)).halts;
    this.came();
  }

  #row(halt) {
    const clock = (text) => (text === null ? "–" : this.times.clock(Date.parse(text)));
    const pickup = halt.kind === "pickup";
    const promised = pickup ? `${clock(halt.earliest)}–${clock(halt.latest)}` : say("at_latest", { time: clock(halt.latest) });
    const late = halt.time !== null && Date.parse(halt.time) > Date.parse(halt.latest);
    const known = this.model.rides.has(halt.booking);
    return part("tr", { class: halt.driven ? "" : "ahead" },
      part("th", { scope: "row" }, halt.stop),
      part("td", {}, known ? part("button", { type: "button", class: "ride-code", data: { ride: halt.booking } }, halt.booking) : halt.booking, ` ${pickup ? words.gets_on_at : words.gets_off_at}`),
      part("td", {}, promised),
      part("td", { class: "number" }, clock(halt.planned)),
      part("td", { class: "number" }, clock(halt.time), halt.driven ? null : ` ${words.still_planned}`),
      part("td", { class: late ? "number wrong" : "number" }, this.#difference(halt), late ? ` · ${words.after_promise}` : "", halt.other_vehicle ? ` · ${words.other_vehicle}` : ""));
  }

  #difference({ seconds }) {
    if (seconds === null) return "–";
    if (Math.abs(seconds) < AS_PLANNED) return words.as_planned;
    return say("minutes_apart", { minutes: `${seconds < 0 ? "−" : "+"}${Math.round(Math.abs(seconds) / 60)}` });
  }
}
