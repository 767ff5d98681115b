/** The timeline: a row a vehicle; zoomed by wheel and keys, moved by dragging and keys. */
import { ink } from "../base_map.js";
import { colourClass, words } from "../words.js";
import { Hands } from "./hands.js";
import { drawRow, lanesOf, lowerEnd, upperEnd } from "./rows.js";
import { byId, day, part, say, today } from "./parts.js";

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const AXIS = 26;
const LEAST_SPAN = 20 * MINUTE;
const STEPS = [5, 10, 15, 30, 60, 120].map((each) => each * MINUTE);

export class Timeline {
  constructor(model, times, clock, onMove) {
    Object.assign(this, { model, times, clock, onMove });
    this.box = byId("timeline");
    this.canvas = this.box.querySelector("canvas");
    this.rows = [];
    this.span = null;
    this.#recolour();
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#recolour());
    new ResizeObserver(() => this.#arrange()).observe(this.box);
    this.hands = new Hands(this);
    model.listen(() => this.update());
  }

  #recolour() {
    const colours = {};
    this.inks = {
      surface: ink("--surface"), ground: ink("--ground"), soft: ink("--ink-soft"), ink: ink("--ink"), bad: ink("--bad"),
      line: ink("--line"), accent: ink("--accent"), rest: ink("--line"), slack: ink("--slack"), chosen: ink("--chosen"),
      vehicle: (number) => (colours[number] ??= ink(`--${colourClass(number)}`)),
    };
    this.draw();
  }

  /** Show the day as it is by now. */
  update() {
    const tours = [...this.model.tours.values()];
    this.begins = Math.min(...tours.map((each) => each.begins));
    this.ends = Math.max(...tours.map((each) => each.ends));
    if (!tours.length) this.begins = this.ends = this.model.now;
    this.span ??= this.#first();
    const carried = Map.groupBy(this.model.rides.values(), (ride) => ride.shift);
    this.rows = [...Map.groupBy(tours, (tour) => tour.vehicle).values()].map((own) => {
      const rides = own.flatMap((tour) => carried.get(tour.shift) ?? []);
      const upper = lanesOf(rides, (ride) => ride.earliest, upperEnd);
      return { tours: own, rides, upper, lower: lanesOf(rides, (ride) => ride.dropsOff, lowerEnd) };
    });
    this.#names();
    this.#arrange();
  }

  #first() {
    const now = this.model.now;
    if (day !== today || now < this.begins - HOUR || now > this.ends) return this.#wholeDay();
    return { from: now - 40 * MINUTE, to: now + 3 * HOUR };
  }

  #wholeDay() {
    return { from: this.begins - 15 * MINUTE, to: this.ends + 15 * MINUTE };
  }

  #names() {
    const key = this.rows.map(({ tours }) => tours.map((tour) => `${tour.shift}${tour.locked}${this.model.past}`)).join();
    const list = byId("timeline-names");
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...this.rows.map(({ tours }) => this.#name(tours)));
  }

  #name(tours) {
    const [{ name, number }] = tours;
    return part("li", { class: colourClass(number) },
      part("span", { class: "badge small" }, number),
      part("span", { class: "timeline-name" }, part("b", {}, name), ...tours.map((tour) => this.#lock(tour))));
  }

  /** The hours of a shift; pressed, its tour is locked. */
  #lock(tour) {
    const hours = `${this.times.clock(tour.begins)}–${this.times.clock(tour.ends)}`;
    const icon = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    icon.setAttribute("viewBox", "0 0 16 16");
    icon.innerHTML = `<path d="M3 7h10v7H3z"/><path d="${tour.locked ? "M5 7V5a3 3 0 0 1 6 0v2" : "M5 7V4a3 3 0 0 1 5.8-1"}" fill="none" stroke="currentColor" stroke-width="1.6"/>`;
    return part("button", {
      type: "button", class: "lock", title: words[tour.locked ? "unlock_tour" : "lock_tour"],
      "aria-pressed": String(tour.locked), "aria-label": say("lock_of", { name: tour.name, hours }),
      disabled: this.model.past, data: { shift: tour.shift },
    }, icon, hours);
  }

  #arrange() {
    const wide = this.box.clientWidth;
    const high = this.box.clientHeight;
    if (!wide || !this.rows.length) return;
    const each = Math.max(28, Math.min(104, Math.floor((high - AXIS) / this.rows.length)));
    this.rows.forEach((row, number) => Object.assign(row, { top: AXIS + number * each, height: each }));
    byId("timeline-names").classList.toggle("low", each < 56);
    document.documentElement.style.setProperty("--row", `${each}px`);
    document.documentElement.style.setProperty("--rows", `${AXIS + Math.max(2, this.rows.length) * wanted(this.rows.length)}px`);
    const size = { width: wide, height: AXIS + each * this.rows.length };
    const ratio = window.devicePixelRatio || 1;
    if (this.size?.width !== size.width || this.size?.height !== size.height || this.ratio !== ratio) {
      Object.assign(this, { size, ratio });
      this.canvas.width = size.width * ratio;
      this.canvas.height = size.height * ratio;
      this.canvas.style.width = `${size.width}px`;
      this.canvas.style.height = `${size.height}px`;
    }
    this.draw();
  }

  /** Draw everything; a few ms for a day of a thousand rides. */
  draw() {
    if (!this.size || !this.span) return;
    const pen = this.canvas.getContext("2d");
    const { width, height } = this.size;
    pen.setTransform(this.ratio, 0, 0, this.ratio, 0, 0);
    pen.fillStyle = this.inks.ground;
    pen.fillRect(0, 0, width, height);
    const at = (time) => this.x(time);
    const chosen = this.model.selected;
    const seen = (ride) => lowerEnd(ride) > this.span.from && ride.earliest < this.span.to;
    for (const row of this.rows) {
      const tours = row.tours.map((tour) => ({ ...tour, halts: this.#inSight(tour.halts) }));
      drawRow(pen, { ...row, rides: row.rides.filter(seen), tours }, at, this.inks, chosen);
    }
    this.#axis(pen, width, height);
    this.#nowLine(pen, height);
    if (this.hands?.drag?.ride) this.hands.ghost(pen);
  }

  #inSight(halts) {
    const { from, to } = this.span;
    return halts.filter((halt, number) => (halts[number + 1]?.arrives ?? halt.leaves) >= from && (halts[number - 1]?.leaves ?? halt.arrives) <= to);
  }

  x(time) {
    return ((time - this.span.from) / (this.span.to - this.span.from)) * this.size.width;
  }

  time(x) {
    return this.span.from + (x / this.size.width) * (this.span.to - this.span.from);
  }

  #axis(pen, width, height) {
    const perPixel = (this.span.to - this.span.from) / width;
    const step = STEPS.find((each) => each / perPixel > 62) ?? STEPS.at(-1);
    pen.font = "600 12px system-ui, sans-serif";
    pen.textBaseline = "middle";
    for (let time = Math.ceil(this.span.from / step) * step; time < this.span.to; time += step) {
      const x = Math.round(this.x(time)) + 0.5;
      pen.fillStyle = this.inks.line;
      pen.fillRect(x - 0.5, AXIS - 4, 1, height);
      pen.fillStyle = this.inks.soft;
      pen.fillText(this.times.clock(time), x - 15, 11);
    }
  }

  #nowLine(pen, height) {
    const now = this.#now();
    if ((day !== today && !this.model.past) || !(now > this.span.from && now < this.span.to)) return;
    const x = this.x(now);
    pen.fillStyle = this.inks.bad;
    pen.fillRect(x - 1, AXIS - 8, 2, height);
    pen.beginPath();
    pen.arc(x, AXIS - 8, 4, 0, 7);
    pen.fill();
  }

  #now() {
    return this.model.past ? this.model.now : this.clock.now();
  }

  /** Zoom by a factor, around a time. */
  zoom(factor, around = (this.span.from + this.span.to) / 2) {
    const wide = Math.max(LEAST_SPAN, Math.min((this.span.to - this.span.from) * factor, 26 * HOUR));
    const share = (around - this.span.from) / (this.span.to - this.span.from);
    this.show(around - share * wide, around + (1 - share) * wide);
  }

  show(from, to) {
    const wide = to - from;
    const begin = Math.max(this.begins - 2 * HOUR, Math.min(from, this.ends + 2 * HOUR - wide));
    this.span = { from: begin, to: begin + wide };
    this.draw();
  }

  move(share) {
    const by = (this.span.to - this.span.from) * share;
    this.show(this.span.from + by, this.span.to + by);
  }

  toNow() {
    const wide = this.span.to - this.span.from;
    const now = this.#now();
    this.show(now - wide / 5, now + (4 * wide) / 5);
  }

  /** Bring a ride into sight. */
  reveal(ride) {
    if (ride.picksUp === null) return;
    if (ride.picksUp > this.span.from && ride.dropsOff < this.span.to) return;
    const wide = Math.max(this.span.to - this.span.from, (ride.dropsOff - ride.picksUp) * 1.4);
    this.show(ride.picksUp - wide / 4, ride.picksUp + (3 * wide) / 4);
  }

  rowAt(y) {
    return this.rows.find((row) => y >= row.top && y < row.top + row.height);
  }

  key(event) {
    const done = {
      "+": () => this.zoom(0.6), "-": () => this.zoom(1 / 0.6), ArrowLeft: () => this.move(-0.15), ArrowRight: () => this.move(0.15),
      n: () => this.toNow(), Home: () => this.toNow(), 0: () => this.act("day"), Escape: () => this.model.select(null),
    }[event.key];
    if (!done || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    done();
  }

  act(name) {
    if (name === "in") this.zoom(0.6);
    if (name === "out") this.zoom(1 / 0.6);
    if (name === "now") this.toNow();
    if (name === "day") {
      const { from, to } = this.#wholeDay();
      this.show(from, to);
    }
  }
}

/** How high a row would like to be, in pixels; the more there are, the lower. */
const wanted = (rows) => Math.max(28, Math.min(92, Math.floor(420 / rows)));

export const people = (model, codes) => codes.reduce((sum, code) => sum + (model.rides.get(code)?.passengers ?? 0), 0);
