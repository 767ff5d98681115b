/** What a dispatcher does: each thing is looked at first, and done only when it is confirmed. */
import { words } from "../words.js";
import { ask, byId, day, notify, part, Refused, say } from "./parts.js";

export class Acting {
  constructor(model, times) {
    Object.assign(this, { model, times, undo: null });
    this.dialog = byId("preview");
    byId("preview-no").addEventListener("click", () => this.dialog.close());
    byId("timeline-names").addEventListener("click", (event) => {
      const shift = event.target.closest("button.lock")?.dataset.shift;
      if (shift) this.#run(() => ask(model.tours.get(shift).locked ? "DELETE" : "PUT", `/api/v1/shifts/${day}/${encodeURIComponent(shift)}/lock`));
    });
  }

  /** Do something, and say so if the server refuses it. */
  async #run(act) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof TypeError)) throw error;
      notify(error instanceof Refused ? error.message : words.no_connection);
      return null;
    }
  }

  #name(shift) {
    const tour = this.model.tours.get(shift);
    if (!tour) return shift;
    const twice = [...this.model.tours.values()].filter((each) => each.vehicle === tour.vehicle).length > 1;
    return twice ? `${tour.name} (${this.times.clock(tour.begins)}–${this.times.clock(tour.ends)})` : tour.name;
  }

  #answer(...content) {
    byId("ride-answer")?.replaceChildren(...content);
  }

  /** Offer every vehicle with what it would cost there, or why it cannot. */
  async chooseVehicle(ride) {
    const told = ride.shift === null ? null : await this.#run(() => ask("GET", `/api/v1/plan/explain/${ride.code}`));
    if (ride.shift !== null && !told) return;
    const others = told?.others ?? [...this.model.tours.values()]
      .filter((tour) => tour.ends > this.model.now)
      .map(({ shift }) => ({ shift, added: null, message: "" }));
    this.#answer(part("ul", { class: "vehicle-choices" }, ...others.map((each) => {
      const cost = each.added ? signed(each.added.seconds) : each.message;
      return part("li", {}, part("button", { type: "button", class: "vehicle-choice", onclick: () => this.move(ride.code, each.shift) },
        part("b", {}, this.#name(each.shift)), part("span", {}, cost)));
    })));
    byId("ride-answer").querySelector("button")?.focus();
  }

  async move(code, shift, expected = null) {
    try {
      const preview = expected ?? await ask("POST", `/api/v1/bookings/${code}/move/preview`, { shift });
      this.#confirm(say("move_to", { vehicle: this.#name(shift) }), this.#moving(preview), words.do_move, async () => {
        const done = await ask("POST", `/api/v1/bookings/${code}/move?expected=${preview.expected}`, { shift });
        if (done.before) this.#offerUndo(code, done.before);
      }, (problem) => this.move(code, shift, problem.preview));
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      this.#impossible(code, shift, error);
    }
  }

  #impossible(code, shift, { problem, message }) {
    const late = problem.late_minutes ? part("p", {}, say("would_be_late", { minutes: problem.late_minutes })) : null;
    const nearest = problem.nearest?.[0];
    const text = nearest ? part("p", {}, say("nearest", { vehicle: this.#name(nearest.shift), cost: signed(nearest.added_seconds) })) : problem.nearest ? part("p", {}, words.nowhere_else) : null;
    const parts = [part("p", { class: "wrong" }, message), late, text].filter(Boolean);
    const instead = nearest ? () => this.move(code, nearest.shift) : null;
    this.#show(say("move_to", { vehicle: this.#name(shift) }), parts, nearest ? say("take_nearest", { vehicle: this.#name(nearest.shift) }) : null, async () => {
      this.dialog.close();
      await instead();
    });
  }

  #offerUndo(code, shift) {
    this.undo = { code, shift };
    this.model.touch(code);
    notify(words.moved);
  }

  #moving(preview) {
    const km = (preview.added_metres / 1000).toFixed(1);
    return [part("p", {}, say("move_cost", { minutes: signed(preview.added_seconds), km })), this.#effects(preview.effects)];
  }

  /** For whom something changes, and whose promises are touched. */
  #effects(effects) {
    if (!effects.length) return part("p", {}, words.nobody_notices);
    const touched = effects.filter((each) => each.stranded || each.late_seconds > 0).length;
    const summary = say(touched ? "touched" : "untouched", { people: effects.length, promises: touched });
    return part("div", {}, part("p", { class: touched ? "wrong" : "fine" }, summary), part("ul", { class: "effects" }, ...effects.map((each) => this.#effect(each))));
  }

  #effect(effect) {
    const ride = this.model.rides.get(effect.code);
    const at = (text) => this.times.clock(Date.parse(text));
    const facts = [];
    if (effect.stranded) facts.push(effect.late_ride ? say("only_late", { minutes: Math.ceil(effect.late_ride.late_seconds / 60) }) : words.no_vehicle);
    if (effect.other_vehicle) facts.push(`${effect.before ? this.#name(effect.before.shift) : words.no_vehicle} → ${this.#name(effect.after.shift)}`);
    if (effect.before && effect.after) facts.push(`${at(effect.before.pickup)} → ${at(effect.after.pickup)}`, `${words.gets_off_at} ${at(effect.before.dropoff)} → ${at(effect.after.dropoff)}`);
    for (const move of effect.moves) facts.push(`${move.from_stop.name} → ${move.to_stop.name} (${move.metres} m)`);
    if (effect.late_seconds > 0) facts.push(say("late_by", { minutes: Math.ceil(effect.late_seconds / 60) }));
    const who = ride ? `${ride.from || ride.pickup_stop} → ${ride.to || ride.dropoff_stop}` : effect.code;
    return part("li", { class: effect.stranded || effect.late_seconds > 0 ? "bad" : "" }, part("b", {}, who), part("span", {}, facts.join(" · ")));
  }

  #confirm(title, content, yes, act, again) {
    this.#show(title, content, yes, async () => {
      try {
        await act();
        this.dialog.close();
        await this.model.refresh();
      } catch (error) {
        if (!(error instanceof Refused)) throw error;
        if (error.problem.code === "plan_changed" && again) {
          notify(error.problem.title);
          again(error.problem);
        } else {
          this.dialog.close();
          notify(error.message);
        }
      }
    });
  }

  #show(title, content, yes, act) {
    byId("preview-title").textContent = title;
    byId("preview-words").replaceChildren(...content);
    const button = byId("preview-yes");
    button.hidden = yes === null;
    button.textContent = yes ?? "";
    button.onclick = () => this.#run(act);
    if (!this.dialog.open) this.dialog.showModal();
  }

  async lock(ride) {
    const done = await this.#run(() => ask(ride.locked ? "DELETE" : "PUT", `/api/v1/bookings/${ride.code}/lock`));
    if (done) await this.model.refresh();
  }

  async explain(ride) {
    const told = await this.#run(() => ask("GET", `/api/v1/plan/explain/${ride.code}`));
    if (told) this.#answer(part("p", {}, told.message));
  }

  async call(ride) {
    const told = await this.#run(() => ask("POST", `/api/v1/bookings/${ride.code}/phone`));
    if (!told) return;
    if (!told.phone) this.#answer(part("p", {}, words.no_number));
    else this.#answer(part("p", {}, told.name ? `${told.name}: ` : "", part("a", { href: `tel:${told.phone}` }, told.phone), " ", part("span", { class: "small-print" }, words.recorded)));
  }

  async callOff(ride) {
    const preview = await this.#run(() => ask("POST", `/api/v1/bookings/${ride.code}/call-off/preview`));
    if (!preview) return;
    const who = `${this.times.clock(ride.earliest)} ${ride.from || ride.pickup_stop} → ${ride.to || ride.dropoff_stop}`;
    this.#confirm(words.call_off, [part("p", {}, part("b", {}, who)), part("p", {}, words.call_off_means), ...this.#moving(preview)], words.do_call_off, () => ask("POST", `/api/v1/bookings/${ride.code}/call-off`));
  }

  acceptLate(ride) {
    this.#run(async () => {
      const told = await ask("GET", `/api/v1/trouble/list?day=${day}`);
      const late = told.rides.find((each) => each.code === ride.code)?.late_ride;
      if (!late) {
        notify(words.no_late_ride);
        return;
      }
      const text = say("late_way", { vehicle: this.#name(late.planned.shift), time: this.times.clock(Date.parse(late.planned.pickup)), minutes: Math.ceil(late.late_seconds / 60) });
      this.#confirm(words.serve_late, [part("p", {}, text)], words.do_serve_late, () => ask("POST", `/api/v1/trouble/list/${ride.code}`));
    });
  }

  /** Show what trouble would change; done only when it is confirmed. */
  async trouble(body, title, shown = null) {
    const preview = shown ?? await ask("POST", "/api/v1/trouble/preview", body);
    this.#confirm(title, [this.#effects(preview.effects)], words.do_trouble,
      () => ask("POST", `/api/v1/trouble?expected=${preview.expected}`, body),
      (problem) => this.trouble(body, title, problem.preview));
  }

  lift(condition, title) {
    this.#run(async () => {
      const preview = await ask("POST", `/api/v1/trouble/${condition.id}/preview`);
      this.#confirm(title, [this.#effects(preview.effects)], words.do_lift,
        () => ask("DELETE", `/api/v1/trouble/${condition.id}?expected=${preview.expected}`));
    });
  }
}

/** Minutes of driving with their sign. */
const signed = (seconds) => say("minutes_more", { minutes: `${seconds < 0 ? "−" : "+"}${Math.round(Math.abs(seconds) / 60)}` });
