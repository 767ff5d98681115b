/** Moving a ride to another vehicle or time: what it means, what its owner is told, and the way back. */
import { words } from "../words.js";
import { ask, byId, day, part, Refused, say, signed } from "./parts.js";

export class Moving {
  constructor(acting) {
    Object.assign(this, { acting, model: acting.model, times: acting.times });
  }

  /** Offer every vehicle with what it would cost there, or why it cannot. */
  async chooseVehicle(ride) {
    const { acting, model } = this;
    const told = ride.shift === null ? null : await acting.run(() => ask("GET", `/api/v1/plan/explain/${ride.code}`));
    if (ride.shift !== null && !told) return;
    const others = told?.others ?? [...model.tours.values()]
      .filter((tour) => tour.ends > model.now)
      .map(({ shift }) => ({ shift, added: null, message: "" }));
    acting.answer(part("ul", { class: "vehicle-choices" }, ...others.map((each) => {
      const cost = each.added ? signed(each.added.seconds) : each.message;
      return part("li", {}, part("button", { type: "button", class: "vehicle-choice", onclick: () => this.move(ride.code, { shift: each.shift }) },
        part("b", {}, acting.name(each.shift)), part("span", {}, cost)));
    })));
    byId("ride-answer").querySelector("button")?.focus();
  }

  /** Ask for a time: the way without dragging. */
  chooseTime(ride) {
    const field = part("input", { id: "move-at", type: "time", required: true, value: this.times.clock(ride.picksUp) });
    const ask = (event) => {
      event.preventDefault();
      this.move(ride.code, { shift: ride.shift, pickup: { local: `${day}T${field.value}` } });
    };
    const free = ride.wantedAt !== null && part("button", { type: "button", class: "plain", onclick: () => this.move(ride.code, { shift: ride.shift }) }, words.any_time);
    this.acting.answer(part("form", { class: "move-time", onsubmit: ask },
      part("label", { for: "move-at" }, words.pickup_at), field,
      part("button", { type: "submit", class: "plain" }, words.look), free,
      part("p", { class: "small-print" }, say("within_or_not", { from: this.times.clock(ride.opens), until: this.times.clock(ride.closes) }))));
    field.focus();
  }

  /** Look at a move, and do it if that is confirmed; `to` has a shift and maybe a time. */
  move(code, to, shown = null) {
    return this.acting.run(async () => {
      try {
        const preview = shown ?? await ask("POST", `/api/v1/bookings/${code}/move/preview`, to);
        if (preview.offer) this.#change(code, to, preview);
        else this.#within(code, to, preview);
      } catch (error) {
        if (!(error instanceof Refused) || error.problem.code !== "cannot_move") throw error;
        this.#impossible(code, to, error);
      }
    });
  }

  #title({ shift, pickup }) {
    const vehicle = this.acting.name(shift);
    return pickup ? say("move_at", { vehicle, time: this.#clock(pickup) }) : say("move_to", { vehicle });
  }

  #clock(time) {
    return time.local?.slice(11, 16) ?? this.times.clock(Date.parse(time));
  }

  #within(code, to, preview) {
    const ride = this.model.rides.get(code);
    const promise = part("p", { class: "fine" }, say("promise_stays", { from: this.times.clock(ride.opens), until: this.times.clock(ride.closes) }));
    const content = [promise, ...this.acting.consequences(preview)];
    this.acting.confirm(this.#title(to), content, words.do_move, async () => {
      const done = await ask("POST", `/api/v1/bookings/${code}/move?expected=${preview.expected}`, to);
      const back = { shift: done.before, ...(done.pickup_before && { pickup: done.pickup_before }) };
      this.acting.done(words.moved, () => (done.before ? this.move(code, back) : this.acting.putBack(ride)));
    }, (problem) => this.move(code, to, problem.preview));
  }

  /** A time outside the promise: the booking is changed, by the same door that its owner has. */
  #change(code, to, preview) {
    const ride = this.model.rides.get(code);
    const { offer, told_by: by } = preview;
    const at = (text) => this.times.clock(Date.parse(text));
    const window = say("between", { from: at(offer.pickup_window.earliest), until: at(offer.pickup_window.latest) });
    const before = say("between", { from: this.times.clock(ride.earliest), until: this.times.clock(ride.latest) });
    const { not_in: meant } = preview;
    const instead = meant && say("not_in", { meant: this.acting.name(meant.shift), why: meant.message, vehicle: this.acting.name(preview.shift) });
    const content = [
      part("p", { class: "wrong" }, words.promise_changes),
      instead && part("p", { class: "wrong" }, instead),
      part("dl", { class: "ride-facts" },
        ...[[words.promised_so_far, before], [words.promised_then, window], [words.gets_off_at, say("at_latest", { time: at(offer.dropoff_latest) })]]
          .map(([name, value]) => part("div", {}, part("dt", {}, name), part("dd", {}, value)))),
      part("p", {}, words[`told_${by}`]),
      ...this.acting.consequences(preview),
    ].filter(Boolean);
    const key = crypto.getRandomValues(new Uint32Array(4)).join("-");
    const back = { shift: ride.shift, pickup: new Date(ride.picksUp).toISOString() };
    this.acting.confirm(this.#title({ shift: preview.shift, pickup: to.pickup }), content, words.do_change, async () => {
      const done = await ask("POST", `/api/v1/bookings/${code}/change`, { offer: offer.offer, shift: to.shift }, { "Idempotency-Key": key });
      this.acting.done(say("changed", { code: done.code }), () => this.move(done.code, back));
      await this.model.refresh();
      if (this.model.rides.has(done.code)) this.model.select(done.code);
    });
  }

  /** Say why not, and offer what is nearest: another time in this vehicle, or another vehicle. */
  #impossible(code, to, { problem, message }) {
    const { acting } = this;
    const late = problem.late_minutes && !to.pickup ? part("p", {}, say("would_be_late", { minutes: problem.late_minutes })) : null;
    const other = problem.nearest?.[0];
    const options = [
      problem.nearest_pickup && {
        text: say("nearest_time", { time: this.#clock(problem.nearest_pickup) }),
        look: say("take_time", { time: this.#clock(problem.nearest_pickup) }),
        to: { shift: to.shift, pickup: problem.nearest_pickup },
      },
      other && {
        text: say("nearest", { vehicle: acting.name(other.shift), cost: signed(other.added_seconds) }),
        look: say("take_nearest", { vehicle: acting.name(other.shift) }),
        to: { ...to, shift: other.shift },
      },
    ].filter(Boolean);
    const look = async (option) => {
      acting.dialog.close();
      await this.move(code, option.to);
    };
    const [first, ...more] = options;
    const content = [
      part("p", { class: "wrong" }, message), late,
      ...options.map((each) => part("p", {}, each.text)),
      !first && part("p", {}, words[to.pickup ? "no_time" : "nowhere_else"]),
      ...more.map((each) => part("p", {}, part("button", { type: "button", class: "plain", onclick: () => look(each) }, each.look))),
    ].filter(Boolean);
    acting.show(this.#title(to), content, first?.look ?? null, () => look(first));
  }
}
