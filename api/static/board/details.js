/** The selected ride: what is promised and planned, and what can be done. */
import { colourClass, words } from "../words.js";
import { byId, part, say } from "./parts.js";
import { marks } from "./rides.js";

export class Details {
  constructor(model, times, acting) {
    Object.assign(this, { model, times, acting });
    this.box = byId("ride");
    model.listen((changed, chosen) => this.update(changed, chosen));
  }

  update(changed, chosen) {
    const ride = this.model.rides.get(this.model.selected);
    if (!ride) {
      this.box.hidden = true;
      return;
    }
    if (changed && !changed.has(ride.code) && !chosen) return;
    const had = this.box.contains(document.activeElement) ? document.activeElement.dataset.act : null;
    this.box.hidden = false;
    const answered = byId("ride-answer");
    const same = answered && this.shown === `${ride.code} ${ride.shift}`;
    this.shown = `${ride.code} ${ride.shift}`;
    this.box.replaceChildren(...this.#content(ride));
    if (same) byId("ride-answer").replaceWith(answered);
    if (had) this.box.querySelector(`[data-act="${had}"]`)?.focus();
  }

  #content(ride) {
    const { times } = this;
    const tour = this.model.tourOf(ride);
    const fact = (name, value) => part("div", {}, part("dt", {}, name), part("dd", {}, value));
    const time = (ms) => (ms === null ? "–" : times.clock(ms));
    const aids = [say("people", { number: ride.passengers }), ride.wheelchairs && words.wheelchair_short, ride.party.child_seats && words.child_seat].filter(Boolean).join(", ");
    return [
      part("div", { class: "board-head" },
        part("h2", { id: "ride-title" }, say("ride_of", { code: ride.code })),
        part("button", { type: "button", class: "round", "aria-label": words.close, onclick: () => this.model.select(null) }, "×")),
      part("p", { class: "ride-marks" }, tour && part("span", { class: `badge small ${colourClass(tour.number)}` }, tour.number), tour && part("span", {}, tour.name), ...marks(ride, times)),
      part("dl", { class: "ride-facts" },
        fact(words.gets_on_at, `${time(ride.picksUp)} ${ride.pickup_stop}`),
        ride.wantedAt !== null && fact(words.wanted_at, time(ride.wantedAt)),
        fact(words.promised, say("between", { from: time(ride.earliest), until: time(ride.latest) })),
        fact(words.gets_off_at, `${time(ride.dropsOff)} ${ride.dropoff_stop}`),
        fact(words.promised, say("at_latest", { time: time(ride.dropoffLatest) })),
        fact(words.who, aids)),
      this.#acts(ride),
      part("div", { id: "ride-answer", class: "ride-answer", role: "status" }),
    ].filter(Boolean);
  }

  #acts(ride) {
    const act = (key, text, run) => part("button", { type: "button", class: "plain", data: { act: key }, onclick: run }, text);
    const { acting } = this;
    if (this.model.past) return null;
    const list = [];
    if (ride.status === "booked" && ride.movable) list.push(act("move", words.move, () => acting.moving.chooseVehicle(ride)));
    if (ride.status === "booked" && ride.movable && ride.shift !== null) list.push(act("time", words.move_time, () => acting.moving.chooseTime(ride)));
    if (ride.open) list.push(act("lock", ride.locked ? words.unlock : words.lock, () => acting.lock(ride)));
    list.push(act("why", words.why, () => acting.explain(ride)), act("call", words.call, () => acting.call(ride)));
    if (ride.status === "booked" && (ride.movable || ride.stranded)) list.push(act("cancel", words.call_off, () => acting.callOff(ride)));
    return part("p", { class: "ride-acts" }, ...list);
  }
}
