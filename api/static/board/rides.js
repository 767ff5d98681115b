/** The list of bookings: searched, filtered, and drawn anew only where something is different. */
import { colourClass, words } from "../words.js";
import { margin, TIGHT_MS } from "./day.js";
import { byId, part, say, write } from "./parts.js";

const PAGE = 60;

const FILTERS = {
  coming: (ride) => ride.open,
  all: () => true,
  risk: (ride) => ride.atRisk,
  wheelchair: (ride) => ride.wheelchairs > 0,
  stranded: (ride) => ride.stranded,
};

export class RideList {
  constructor(model, times) {
    Object.assign(this, { model, times, filter: "coming", shown: PAGE });
    this.list = byId("rides");
    this.items = new Map();
    byId("search").addEventListener("input", () => this.#again());
    byId("more").addEventListener("click", () => {
      this.shown += 4 * PAGE;
      this.update(new Set());
    });
    for (const button of document.querySelectorAll("[data-filter]")) button.addEventListener("click", () => this.choose(button.dataset.filter));
    this.list.addEventListener("click", (event) => {
      const code = event.target.closest("button[data-code]")?.dataset.code;
      if (code) model.select(code === model.selected ? null : code);
    });
    model.listen((changed) => this.update(changed));
  }

  choose(filter) {
    this.filter = filter;
    for (const each of document.querySelectorAll("[data-filter]")) each.setAttribute("aria-pressed", String(each.dataset.filter === filter));
    this.#again();
  }

  #again() {
    this.shown = PAGE;
    this.list.scrollTop = 0;
    this.update(new Set());
  }

  /** Draw what is different: the rides of these codes, or all. */
  update(changed) {
    if (changed === null) this.items.clear();
    else for (const code of changed) this.items.delete(code);
    this.#counts();
    const query = byId("search").value.trim().toLowerCase();
    const lines = this.filter === "waiting" ? this.#waiting(query) : this.#rides(query);
    const focused = document.activeElement?.dataset?.code;
    this.list.replaceChildren(...lines.slice(0, this.shown));
    if (!lines.length) this.list.append(part("li", { class: "nothing" }, words.nothing_here));
    if (focused) this.list.querySelector(`button[data-code="${focused}"]`)?.focus();
    const left = lines.length - this.shown;
    byId("more").hidden = left <= 0;
    if (left > 0) write(byId("more"), say("more_rides", { number: left }));
    write(byId("rides-count"), say("so_many", { number: lines.length }));
  }

  #rides(query) {
    const fits = FILTERS[this.filter];
    return [...this.model.rides.values()]
      .filter((ride) => fits(ride) && (!query || `${ride.words} ${this.model.tourOf(ride)?.name.toLowerCase() ?? ""}`.includes(query)))
      .sort((a, b) => (a.picksUp ?? a.earliest) - (b.picksUp ?? b.earliest))
      .map((ride) => {
        if (!this.items.has(ride.code)) this.items.set(ride.code, this.#item(ride));
        return this.items.get(ride.code);
      });
  }

  #item(ride) {
    const { times, model } = this;
    const tour = model.tourOf(ride);
    const badge = tour
      ? part("span", { class: `badge small ${colourClass(tour.number)}`, title: tour.name }, tour.number)
      : part("span", { class: "badge small none", title: words.no_vehicle }, "–");
    const line = part("button", { type: "button", class: "ride-line", data: { code: ride.code }, "aria-pressed": String(model.selected === ride.code) },
      part("time", {}, times.clock(ride.picksUp ?? ride.earliest)), badge,
      part("span", { class: "ride-way" }, part("span", {}, ride.from || ride.pickup_stop), part("span", {}, `→ ${ride.to || ride.dropoff_stop}`)),
      part("span", { class: "ride-marks" }, ...marks(ride, times)));
    return part("li", { class: ride.open ? "" : "over" }, line);
  }

  #waiting(query) {
    return this.model.waiting
      .filter((each) => `${each.code} ${each.from} ${each.to}`.toLowerCase().includes(query))
      .sort((a, b) => a.at - b.at)
      .map((each) => part("li", { class: "waiting-line" },
        part("time", {}, this.times.clock(each.at)), part("span", { class: "badge small none" }, "…"),
        part("span", { class: "ride-way" }, part("span", {}, each.from), part("span", {}, `→ ${each.to}`)),
        part("span", { class: "ride-marks" }, part("span", { class: "mark" }, each.told ? words.told : words.waits), part("span", {}, say("people", { number: each.party.passengers })))));
  }

  #counts() {
    const rides = [...this.model.rides.values()];
    for (const button of document.querySelectorAll("[data-filter]")) {
      const key = button.dataset.filter;
      const count = key === "waiting" ? this.model.waiting.length : rides.filter(FILTERS[key]).length;
      write(button.lastElementChild, count);
      button.classList.toggle("alarm", count > 0 && (key === "risk" || key === "stranded"));
    }
  }
}

/** How a ride stands, in signs and words. */
export function marks(ride, times) {
  const found = [part("span", { class: "window" }, `${times.clock(ride.earliest)}–${times.clock(ride.latest)}`)];
  const state = stateOf(ride);
  found.push(part("span", { class: `mark ${state.look}` }, state.text));
  if (ride.wheelchairs) found.push(part("span", { class: "mark aid" }, words.wheelchair_short));
  if (ride.locked) found.push(part("span", { class: "mark aid" }, words.locked));
  if (ride.passengers > 1) found.push(part("span", { class: "mark aid" }, say("people", { number: ride.passengers })));
  return found;
}

export function stateOf(ride) {
  if (ride.stranded) return { look: "bad", text: words.no_vehicle };
  if (ride.atRisk) return { look: "bad", text: say("late_by", { minutes: ride.late_minutes }) };
  if (ride.state === "broken") return { look: "bad", text: words.broken };
  if (ride.status === "no_show") return { look: "", text: words.no_show };
  if (ride.status === "served") return { look: "good", text: words.kept };
  if (ride.status === "on_board") return { look: "good", text: words.rides_now };
  if (ride.status === "let_down") return { look: "bad", text: words.let_down };
  const minutes = Math.max(0, Math.floor(margin(ride) / 60_000));
  return { look: margin(ride) < TIGHT_MS ? "tight" : "", text: say("room_left", { minutes }) };
}
