/** What somebody has to look at: promises at risk, rides without a vehicle or train, batteries, trouble in force. */
import { words } from "../words.js";
import { byId, part, say, write } from "./parts.js";

export class Alerts {
  constructor(model, times, onLift, onAccept) {
    Object.assign(this, { model, times, onLift, onAccept, key: null });
    model.listen(() => this.update());
  }

  update() {
    const rides = [...this.model.rides.values()];
    const stranded = rides.filter((each) => each.stranded);
    const risky = rides.filter((each) => each.atRisk && !each.stranded).sort((a, b) => b.late_minutes - a.late_minutes);
    const trainless = rides.filter((each) => each.cancelled_train && each.status === "booked");
    const inForce = this.model.conditions.filter((each) => each.lifted_at === null && Date.parse(each.until) > this.model.now);
    const flat = [...this.model.tours.values()].filter((each) => each.battery_metres < 0 && each.ends > this.model.now);
    const key = JSON.stringify([flat.map((each) => [each.shift, each.battery_metres]), stranded.map((each) => each.code), risky.map((each) => [each.code, each.late_minutes]), trainless.map((each) => each.code), inForce, this.model.selected, this.model.past]);
    if (key === this.key) return;
    this.key = key;
    const lines = [...stranded.map((each) => this.#stranded(each)), ...risky.map((each) => this.#risky(each)), ...trainless.map((each) => this.#trainless(each)), ...flat.map((each) => this.#flat(each)), ...inForce.map((each) => this.#trouble(each))];
    byId("alerts").replaceChildren(...(lines.length ? lines : [part("li", { class: "calm" }, words.all_well)]));
    write(byId("alerts-count"), stranded.length + risky.length + trainless.length + flat.length || "");
  }

  /** A tour for which the battery does not last. */
  #flat(tour) {
    return part("li", { class: "alert bad" }, part("span", { class: "alert-ride" },
      part("b", {}, batteryOf(tour)), part("span", {}, `${tour.name}, ${this.times.clock(tour.begins)}–${this.times.clock(tour.ends)}`)));
  }

  #way(ride) {
    return `${this.times.clock(ride.earliest)} ${ride.from || ride.pickup_stop} → ${ride.to || ride.dropoff_stop}`;
  }

  #stranded(ride) {
    return part("li", { class: "alert bad" }, this.#chooser(ride, words.no_vehicle),
      !this.model.past && part("button", { type: "button", class: "plain", onclick: () => this.onAccept(ride) }, words.serve_late));
  }

  #risky(ride) {
    const cause = words[`cause_${ride.cause}`] ?? words.cause_unknown;
    return part("li", { class: "alert bad" }, this.#chooser(ride, `${say("late_by", { minutes: ride.late_minutes })} · ${this.model.tourOf(ride)?.name ?? ""} · ${cause}`));
  }

  #trainless(ride) {
    const { line, time } = ride.cancelled_train;
    return part("li", { class: "alert" }, this.#chooser(ride, say("train_cancelled", { line, time: this.times.clock(Date.parse(time)) })));
  }

  #chooser(ride, what) {
    return part("button", { type: "button", class: "alert-ride", "aria-pressed": String(this.model.selected === ride.code), onclick: () => this.model.select(ride.code) },
      part("b", {}, what), part("span", {}, this.#way(ride)));
  }

  #trouble(condition) {
    const span = `${this.times.clock(Date.parse(condition.from))}–${this.times.clock(Date.parse(condition.until))}`;
    return part("li", { class: "alert" },
      part("span", { class: "alert-ride" }, part("b", {}, troubleOf(this.model, condition)), part("span", {}, span)),
      !this.model.past && part("button", { type: "button", class: "plain", onclick: () => this.onLift(condition) }, words.lift));
  }
}

/** Trouble in a few words. */
export function troubleOf(model, condition) {
  const tour = [...model.tours.values()].find((each) => each.vehicle === condition.vehicle);
  const what = { vehicle: tour?.name ?? condition.vehicle, stop: condition.stop?.name, factor: condition.factor };
  return say(`trouble_${condition.kind}`, what);
}

/** How much farther a tour's battery lasts, in a few words; nothing where none is told. */
export function batteryOf(tour) {
  if (tour.battery_metres === null) return "";
  const km = (Math.abs(tour.battery_metres) / 1000).toLocaleString(document.documentElement.lang, { maximumFractionDigits: 1 });
  return say(tour.battery_metres < 0 ? "battery_short" : "battery_left", { km });
}
