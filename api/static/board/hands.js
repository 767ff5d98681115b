/** What a hand does on the timeline: zoom, move along, choose a ride, drag it to another row or time. */
import { words } from "../words.js";
import { byId, say } from "./parts.js";
import { people } from "./timeline.js";

const MINUTE = 60_000;
/** So many pixels along, and a ride is dragged to another time. */
const ALONG = 12;

export class Hands {
  constructor(timeline) {
    Object.assign(this, { timeline, box: timeline.box, tip: byId("timeline-tip"), drag: null });
    this.#steer();
  }

  /** Where a dragged ride would go: a shift, and a time if it was dragged along; null if nowhere else. */
  #aim({ ride, x, y, startX }) {
    const row = this.timeline.rowAt(y);
    if (!row) return null;
    const time = this.#draggedTo({ ride, x, startX });
    const { shift } = shiftAt(row.tours, time ?? ride.earliest);
    if (shift === ride.shift && time === null) return null;
    return { shift, ...(time !== null && { pickup: new Date(time).toISOString() }) };
  }

  /** To which minute a ride was dragged; null if it was dragged up or down only. */
  #draggedTo({ ride, x, startX }) {
    if (Math.abs(x - startX) < ALONG) return null;
    const by = ((x - startX) / this.timeline.size.width) * (this.timeline.span.to - this.timeline.span.from);
    return Math.round((ride.picksUp + by) / MINUTE) * MINUTE;
  }

  /** The dragged ride at its time, with the window in which its promise stays. */
  ghost(pen) {
    const { ride, y } = this.drag;
    const time = this.#draggedTo(this.drag);
    const from = time ?? ride.picksUp;
    const kept = from >= ride.opens && from <= ride.closes;
    const row = this.timeline.rowAt(y);
    if (row) {
      pen.fillStyle = this.timeline.inks.chosen;
      pen.fillRect(this.timeline.x(ride.opens), row.top + 2, this.timeline.x(ride.closes) - this.timeline.x(ride.opens), row.height - 4);
    }
    pen.globalAlpha = 0.75;
    pen.fillStyle = kept ? this.timeline.inks.accent : this.timeline.inks.bad;
    const wide = Math.max(this.timeline.x(ride.dropsOff) - this.timeline.x(ride.picksUp), 4);
    pen.fillRect(this.timeline.x(from), y - 8, wide, 16);
    pen.globalAlpha = 1;
    if (time === null) return;
    const label = `${this.timeline.times.clock(from)} ${words[kept ? "promise_kept_so" : "promise_new_so"]}`;
    pen.font = "600 12px system-ui, sans-serif";
    const width = pen.measureText(label).width + 8;
    const left = Math.max(0, Math.min(this.timeline.x(from), this.timeline.size.width - width));
    const top = y > 40 ? y - 28 : y + 12;
    pen.fillStyle = this.timeline.inks.surface;
    pen.fillRect(left, top, width, 18);
    pen.fillStyle = kept ? this.timeline.inks.ink : this.timeline.inks.bad;
    pen.fillText(label, left + 4, top + 9);
  }

  #steer() {
    for (const button of document.querySelectorAll("[data-zoom]")) button.addEventListener("click", () => this.timeline.act(button.dataset.zoom));
    this.box.addEventListener("wheel", (event) => {
      event.preventDefault();
      if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) this.timeline.move((event.deltaX || event.deltaY) / this.timeline.size.width);
      else this.timeline.zoom(1.0015 ** event.deltaY, this.timeline.time(event.offsetX));
    }, { passive: false });
    this.box.addEventListener("keydown", (event) => {
      if (this.drag && event.key === "Escape") this.#letGo();
      else this.timeline.key(event);
    });
    this.box.addEventListener("pointerdown", (event) => this.#grab(event));
    this.box.addEventListener("pointermove", (event) => this.#follow(event));
    this.box.addEventListener("pointerup", (event) => this.#drop(event));
    this.box.addEventListener("pointercancel", () => this.#letGo());
    this.box.addEventListener("pointerleave", () => { this.tip.hidden = true; });
  }

  #grab(event) {
    if (event.button !== 0) return;
    const found = this.#rideAt(event);
    this.drag = { startX: event.offsetX, startY: event.offsetY, span: this.timeline.span, x: event.offsetX, y: event.offsetY, found, ride: null, moved: false };
    this.box.setPointerCapture(event.pointerId);
  }

  #follow(event) {
    if (!this.drag) {
      this.#hint(event);
      return;
    }
    Object.assign(this.drag, { x: event.offsetX, y: event.offsetY });
    const [byX, byY] = [event.offsetX - this.drag.startX, event.offsetY - this.drag.startY];
    this.drag.moved ||= Math.abs(byX) + Math.abs(byY) > 6;
    if (!this.drag.moved) return;
    if (this.drag.found?.movable && !this.timeline.model.past) this.drag.ride = this.drag.found;
    if (this.drag.ride) {
      this.timeline.draw();
      return;
    }
    const by = (byX / this.timeline.size.width) * (this.drag.span.to - this.drag.span.from);
    this.timeline.show(this.drag.span.from - by, this.drag.span.to - by);
  }

  #drop(event) {
    const { drag } = this;
    this.drag = null;
    if (!drag) return;
    if (drag.ride) {
      this.timeline.draw();
      const to = this.#aim(drag);
      if (to) this.timeline.onMove(drag.ride.code, to);
    } else if (!drag.moved) {
      this.timeline.model.select(drag.found?.code ?? null);
    }
  }

  /** A hand that was taken away has moved nothing. */
  #letGo() {
    this.drag = null;
    this.timeline.draw();
  }

  #haltAt({ offsetX, offsetY }) {
    const row = this.timeline.rowAt(offsetY);
    if (!row) return null;
    const near = row.tours.flatMap((tour) => tour.halts)
      .map((halt) => ({ halt, apart: Math.max(this.timeline.x(halt.arrives) - offsetX, offsetX - this.timeline.x(halt.busyUntil), 0) }))
      .sort((a, b) => a.apart - b.apart)[0];
    return near && near.apart < 8 ? { row, halt: near.halt } : null;
  }

  #rideAt(event) {
    const found = this.#haltAt(event);
    if (!found) return null;
    const { halt } = found;
    const upper = event.offsetY < found.row.top + found.row.height / 2;
    const codes = upper ? [...halt.getting_on, ...halt.getting_off] : [...halt.getting_off, ...halt.getting_on];
    const next = codes[(codes.indexOf(this.timeline.model.selected) + 1) % codes.length];
    return this.timeline.model.rides.get(next) ?? null;
  }

  #hint(event) {
    const found = this.#haltAt(event);
    this.tip.hidden = !found;
    this.box.classList.toggle("over", Boolean(found));
    if (!found) return;
    const { halt } = found;
    const facts = [
      `${this.timeline.times.clock(halt.arrives)} ${halt.name}`,
      halt.getting_on.length && say("gets_on", { number: people(this.timeline.model, halt.getting_on) }),
      halt.getting_off.length && say("gets_off", { number: people(this.timeline.model, halt.getting_off) }),
      halt.rest && words.rest,
      say("slack_minutes", { minutes: Math.round(halt.slack_seconds / 60) }),
    ].filter(Boolean);
    this.tip.textContent = facts.join(" · ");
    this.tip.style.left = `${Math.min(event.offsetX + 12, this.timeline.size.width - 240)}px`;
    this.tip.style.top = `${event.offsetY + 16}px`;
  }
}

/** The shift of a vehicle that is nearest to a time. */
const shiftAt = (tours, time) => tours.toSorted((a, b) => away(a, time) - away(b, time))[0];

const away = ({ begins, ends }, time) => Math.max(begins - time, time - ends, 0);
