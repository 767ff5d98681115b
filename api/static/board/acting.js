/** What a dispatcher does: each is looked at first, done only when it is confirmed, and undone alike. */
import { kilometres, words } from "../words.js";
import { Moving } from "./moving.js";
import { ask, byId, day, notify, part, Refused, say, signed, write } from "./parts.js";

export class Acting {
  constructor(model, times) {
    Object.assign(this, { model, times, undo: null });
    this.moving = new Moving(this);
    this.dialog = byId("preview");
    byId("preview-no").addEventListener("click", () => this.dialog.close());
    byId("undo").addEventListener("click", () => this.undo?.());
    byId("timeline-names").addEventListener("click", (event) => {
      const shift = event.target.closest("button.lock")?.dataset.shift;
      if (shift) this.lockTour(shift, !model.tours.get(shift).locked);
    });
  }

  /** What was done can be undone, by looking at the contrary first; null if there is none. */
  done(text, contrary) {
    notify(text);
    this.undo = contrary;
    byId("undo").hidden = contrary === null;
    if (contrary) write(byId("undo"), say("undo_of", { what: text }));
  }

  /** Do something, and say so if the server refuses it. */
  async run(act) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Refused) && !(error instanceof TypeError)) throw error;
      notify(error instanceof Refused ? error.message : words.no_connection);
      return null;
    }
  }

  name(shift) {
    const tour = this.model.tours.get(shift);
    if (!tour) return shift;
    const twice = [...this.model.tours.values()].filter((each) => each.vehicle === tour.vehicle).length > 1;
    return twice ? `${tour.name} (${this.times.clock(tour.begins)}–${this.times.clock(tour.ends)})` : tour.name;
  }

  answer(...content) {
    byId("ride-answer")?.replaceChildren(...content);
  }

  consequences(preview) {
    const km = kilometres(preview.added_metres);
    return [part("p", {}, say("move_cost", { minutes: signed(preview.added_seconds), km })), this.#effects(preview.effects)];
  }

  /** For whom something changes, and whose promises are touched. */
  #effects(effects) {
    if (!effects.length) return part("p", {}, words.nobody_notices);
    const touched = effects.filter((each) => each.stranded || each.late_seconds > 0).length;
    const summary = say(touched ? "touched" : "untouched", { people: effects.length, promises: touched });
    return part("div", {}, part("p", { class: touched ? "wrong" : "fine" }, summary), part("ul", { class: "effects" }, ...effects.map((each) => this.#effect(each))));
  }

  /** From where to where a ride goes. */
  way(code) {
    const ride = this.model.rides.get(code);
    return ride ? `${ride.from || ride.pickup_stop} → ${ride.to || ride.dropoff_stop}` : code;
  }

  #effect(effect) {
    const at = (text) => this.times.clock(Date.parse(text));
    const facts = [];
    if (effect.stranded) facts.push(effect.late_ride ? say("only_late", { minutes: Math.ceil(effect.late_ride.late_seconds / 60) }) : words.no_vehicle);
    if (effect.other_vehicle) facts.push(`${effect.before ? this.name(effect.before.shift) : words.no_vehicle} → ${this.name(effect.after.shift)}`);
    if (effect.before && effect.after) facts.push(`${at(effect.before.pickup)} → ${at(effect.after.pickup)}`, `${words.gets_off_at} ${at(effect.before.dropoff)} → ${at(effect.after.dropoff)}`);
    for (const move of effect.moves) facts.push(`${move.from_stop.name} → ${move.to_stop.name} (${move.metres} m)`);
    if (effect.late_seconds > 0) facts.push(say("late_by", { minutes: Math.ceil(effect.late_seconds / 60) }));
    const who = this.way(effect.code);
    return part("li", { class: effect.stranded || effect.late_seconds > 0 ? "bad" : "" }, part("b", {}, who), part("span", {}, facts.join(" · ")));
  }

  confirm(title, content, yes, act, again) {
    this.show(title, content, yes, async () => {
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

  show(title, content, yes, act) {
    byId("preview-title").textContent = title;
    byId("preview-words").replaceChildren(...content);
    const button = byId("preview-yes");
    button.hidden = yes === null;
    button.textContent = yes ?? "";
    button.onclick = async () => {
      button.disabled = true;  // until it is answered: a second click would do it twice
      try {
        await this.run(act);
      } finally {
        button.disabled = false;
        if (this.dialog.open) button.focus();
      }
    };
    if (!this.dialog.open) this.dialog.showModal();
  }

  lock(ride, on = !ride.locked) {
    const name = say("ride_of", { code: ride.code });
    return this.#lock(`/api/v1/bookings/${ride.code}/lock`, on, name, () => this.lock(ride, !on));
  }

  lockTour(shift, on) {
    const address = `/api/v1/shifts/${day}/${encodeURIComponent(shift)}/lock`;
    return this.#lock(address, on, this.name(shift), () => this.lockTour(shift, !on));
  }

  #lock(address, on, name, contrary) {
    return this.run(async () => {
      const { rides } = await ask("POST", `${address}/preview`, { locked: on });
      const means = say(on ? "locks" : "unlocks", { number: rides.length });
      const list = part("ul", { class: "effects" }, ...rides.map((code) => part("li", {}, part("b", {}, this.way(code)))));
      this.confirm(say(on ? "lock_what" : "unlock_what", { name }), [part("p", {}, means), part("p", { class: "fine" }, words.nobody_notices), list], words[on ? "do_lock" : "do_unlock"], async () => {
        await ask(on ? "PUT" : "DELETE", address);
        this.done(say(on ? "was_locked" : "was_unlocked", { name }), contrary);
      });
    });
  }

  async explain(ride) {
    const told = await this.run(() => ask("GET", `/api/v1/plan/explain/${ride.code}`));
    if (told) this.answer(part("p", {}, told.message));
  }

  async call(ride) {
    const told = await this.run(() => ask("POST", `/api/v1/bookings/${ride.code}/phone`));
    if (!told) return;
    if (!told.phone) this.answer(part("p", {}, words.no_number));
    else this.answer(part("p", {}, told.name ? `${told.name}: ` : "", part("a", { href: `tel:${told.phone}` }, told.phone), " ", part("span", { class: "small-print" }, words.recorded)));
  }

  /** Give up a ride on the service's part. */
  callOff(ride) {
    return this.run(() => this.#looked(`/api/v1/bookings/${ride.code}/call-off`, {
      title: words.call_off, means: [this.#whose(ride), part("p", {}, words.call_off_means)],
      yes: words.do_call_off, done: words.called_off, contrary: () => this.reinstate(ride),
    }));
  }

  #whose(ride) {
    return part("p", {}, part("b", {}, `${this.times.clock(ride.earliest)} ${ride.from || ride.pickup_stop} → ${ride.to || ride.dropoff_stop}`));
  }

  /** Bring a ride back that was called off; if no vehicle can keep its promise, say what is free instead. */
  reinstate(ride) {
    return this.run(async () => {
      try {
        await this.#looked(`/api/v1/bookings/${ride.code}/reinstate`, {
          title: words.reinstate, means: [this.#whose(ride), part("p", {}, words.reinstate_means)],
          yes: words.do_reinstate, done: words.reinstated, contrary: () => this.callOff(ride),
        });
      } catch (error) {
        if (!(error instanceof Refused) || error.problem.code !== "cannot_move") throw error;
        const { nearest_pickup: time } = error.problem;
        const free = time ? say("free_then", { time: this.times.clock(Date.parse(time)) }) : words.nowhere_else;
        this.show(words.reinstate, [this.#whose(ride), part("p", { class: "wrong" }, error.message), part("p", {}, free)], null, null);
      }
    });
  }

  /** Serve a ride late that no vehicle carries. */
  acceptLate(ride) {
    return this.run(() => this.#looked(`/api/v1/trouble/list/${ride.code}`, {
      title: words.serve_late, means: [this.#whose(ride)], yes: words.do_serve_late,
      done: words.served_late, contrary: () => this.putBack(ride),
    }));
  }

  /** Let a ride wait on the list again, from which it was taken by hand. */
  putBack(ride) {
    return this.run(() => this.#looked(`/api/v1/trouble/list/${ride.code}/return`, {
      title: words.put_back, means: [this.#whose(ride), part("p", {}, words.put_back_means)],
      yes: words.do_put_back, done: words.was_put_back, contrary: () => this.acceptLate(ride),
    }));
  }

  /** What is looked at under one address and done under it, if it still is what was shown. */
  async #looked(address, what, shown = null) {
    const preview = shown ?? await ask("POST", `${address}/preview`);
    this.confirm(what.title, [...what.means, ...this.consequences(preview)], what.yes,
      async () => {
        await ask("POST", `${address}?expected=${preview.expected}`);
        this.done(what.done, what.contrary);
      },
      (problem) => this.#looked(address, what, problem.preview));
  }

  /** Show what trouble would change; done only when it is confirmed. */
  async trouble(body, title, shown = null) {
    const preview = shown ?? await ask("POST", "/api/v1/trouble/preview", body);
    this.confirm(title, [this.#effects(preview.effects)], words.do_trouble,
      async () => {
        const { condition } = await ask("POST", `/api/v1/trouble?expected=${preview.expected}`, body);
        this.done(title, () => this.lift(condition, title));
      },
      (problem) => this.trouble(body, title, problem.preview));
  }

  lift(condition, title) {
    this.run(async () => {
      const preview = await ask("POST", `/api/v1/trouble/${condition.id}/preview`);
      this.confirm(title, [this.#effects(preview.effects)], words.do_lift,
        async () => {
          await ask("DELETE", `/api/v1/trouble/${condition.id}?expected=${preview.expected}`);
          const again = sameAgain(condition, this.model.now);
          this.done(say("is_over", { what: title }), () => this.run(() => this.trouble(again, title)));
        });
    });
  }
}

/** What enters the same trouble once more: from now on if it had begun, a shift with all its hours. */
function sameAgain({ kind, from, until, vehicle, shift, breaks, stop, factor, points }, now) {
  const hours = kind === "shift" ? { from, shift, breaks } : Date.parse(from) > now ? { from } : {};
  const given = { kind, until, vehicle, stop: stop?.id, factor, points, ...hours };
  return Object.fromEntries(Object.entries(given).filter(([, value]) => value !== null && value !== undefined));
}
