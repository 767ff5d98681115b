/** The tables: every number of map and timeline, for whoever does not see them. */
import { kilometres, words } from "../words.js";
import { Driven } from "./driven.js";
import { byId, part, say, table } from "./parts.js";
import { people } from "./timeline.js";
import { stateOf } from "./rides.js";
import { batteryOf, troubleOf } from "./alerts.js";

export class Tables {
  constructor(model, times) {
    Object.assign(this, { model, times });
    this.box = byId("tables");
    this.choice = part("select", { id: "table-of", onchange: () => this.#draw() });
    this.body = part("div", {});
    this.driven = new Driven(model, times, () => this.update());
    this.box.append(part("p", { class: "table-choice" }, part("label", { for: "table-of" }, words.table_of), " ", this.choice), this.body);
    this.box.addEventListener("click", (event) => {
      const code = event.target.closest("button[data-ride]")?.dataset.ride;
      if (code) model.select(code);
    });
    model.listen(() => this.update());
  }

  /** Draw the chosen table, if tables are looked at. */
  update() {
    if (this.box.hidden) return;
    const options = [...this.model.tours.values()].map((tour) => [tour.shift, `${tour.name}, ${this.times.clock(tour.begins)}–${this.times.clock(tour.ends)}`]);
    options.push(["driven", words.planned_driven], ["refused", words.refused_rides], ["waiting", words.waiting_list], ["figures", words.figures]);
    const key = options.join();
    if (this.choice.dataset.key !== key) {
      const { value } = this.choice;
      this.choice.replaceChildren(...options.map(([id, name]) => part("option", { value: id }, name)));
      this.choice.dataset.key = key;
      if (options.some(([id]) => id === value)) this.choice.value = value;
    }
    this.#draw();
  }

  #draw() {
    const focused = document.activeElement?.dataset?.ride;
    const chosen = this.choice.value;
    const drawn = { driven: () => this.driven.table(), refused: () => this.#refused(), waiting: () => this.#waiting(), figures: () => this.#figures() }[chosen];
    this.body.replaceChildren(drawn ? drawn() : this.#tour(this.model.tours.get(chosen)));
    if (focused) this.body.querySelector(`[data-ride="${focused}"]`)?.focus();
  }

  #tour(tour) {
    if (!tour) return part("p", {}, words.nothing_here);
    const heads = ["table_arrival", "table_halt", "table_on", "table_off", "table_people", "table_waits", "table_slack", "table_km"].map((each) => words[each]);
    const caption = [tour.name, batteryOf(tour)].filter(Boolean).join(" · ");
    return table(caption, heads, tour.halts.map((halt) => this.#halt(halt)));
  }

  #halt(halt) {
    const { times, model } = this;
    const waits = Math.round((halt.leaves - Math.max(halt.busyUntil, halt.rest?.[1] ?? 0)) / 60_000);
    const rest = halt.rest ? ` (${words.rest} ${halt.rest.map((each) => times.clock(each)).join("–")})` : "";
    return part("tr", { class: halt.served ? "done" : "" },
      part("td", {}, times.clock(halt.arrives)),
      part("th", { scope: "row" }, halt.name + rest),
      part("td", {}, ...this.#codes(halt.getting_on, (ride) => `${times.clock(ride.earliest)}–${times.clock(ride.latest)}`)),
      part("td", {}, ...this.#codes(halt.getting_off, (ride) => say("at_latest", { time: times.clock(ride.dropoffLatest) }))),
      part("td", { class: "number" }, `${halt.people}`),
      part("td", { class: "number" }, waits > 0 ? `${waits} min` : ""),
      part("td", { class: "number" }, people(model, [...halt.getting_on, ...halt.getting_off]) ? `${Math.round(halt.slack_seconds / 60)} min` : ""),
      part("td", { class: "number" }, `${kilometres(halt.metres)}${halt.empty && halt.metres ? ` ${words.empty}` : ""}`));
  }

  #codes(codes, promise) {
    return codes.map((code) => {
      const ride = this.model.rides.get(code);
      if (!ride) return part("span", {}, code);
      return part("div", {}, part("button", { type: "button", class: "ride-code", data: { ride: code } }, code), ` ${promise(ride)} · ${say("people", { number: ride.passengers })} · ${stateOf(ride).text}`);
    });
  }

  #refused() {
    const rows = this.model.refused.map((each) => part("tr", {}, part("th", { scope: "row" }, this.times.clock(Date.parse(each.wanted))), part("td", {}, words[`reason_${each.reason}`] ?? each.reason), part("td", {}, `${each.lat.toFixed(3)}, ${each.lon.toFixed(3)}`)));
    return table(words.refused_rides, [words.table_wanted, words.table_why, words.table_place], rows);
  }

  #waiting() {
    const rows = this.model.waiting.map((each) => part("tr", {}, part("th", { scope: "row" }, this.times.clock(each.at)), part("td", {}, `${each.from} → ${each.to}`), part("td", {}, each.told ? words.told : words.waits)));
    return table(words.waiting_list, [words.table_wanted, words.table_way, words.table_state], rows);
  }

  #figures() {
    const { figures } = this.model;
    const rows = Object.entries(figures).map(([key, value]) => part("tr", {}, part("th", { scope: "row" }, words[`figure_${key}`]), part("td", { class: "number" }, `${value ?? "–"}`)));
    const trouble = this.model.conditions.map((each) => part("tr", {}, part("th", { scope: "row" }, troubleOf(this.model, each)), part("td", {}, `${this.times.clock(Date.parse(each.from))}–${this.times.clock(Date.parse(each.until))}`)));
    return table(words.figures, [words.figures, words.table_number], [...rows, ...trouble]);
  }
}
