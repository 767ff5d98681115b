/** The day as the board knows it: tours and rides, kept up to date by differences. */
import { day, ask } from "./parts.js";

const time = (text) => (text === null ? null : Date.parse(text));

/** How close to the end of its promise something is tight, in ms. */
export const TIGHT_MS = 3 * 60 * 1000;

export class Day {
  constructor() {
    this.tours = new Map();
    this.rides = new Map();
    this.waiting = [];
    this.refused = [];
    this.conditions = [];
    this.figures = null;
    this.selected = null;
    this.tag = "";
    this.revision = null;
    /** Whether the day is shown as it was, and whether that is still wanted: then nothing new is taken in. */
    this.past = this.looksBack = false;
    /** The vehicles whose tours were told last; null if all were. */
    this.vehicles = null;
    this.listeners = [];
  }

  /** Call back whenever something is different: with the codes of the rides that are, or null. */
  listen(listener) {
    this.listeners.push(listener);
  }

  /** Take in what is different by now: one answer at a time, so that none brings back what is over. */
  refresh() {
    this.next ??= Promise.resolve(this.asking).catch(() => {}).then(() => {
      this.next = null;
      this.asking = this.#fetch();
      return this.asking;
    });
    return this.next;
  }

  async #fetch() {
    if (this.looksBack) return;
    const { tag } = this;
    const told = await ask("GET", `/api/v1/board/${day}${tag && `?since=${tag}`}`);
    if (this.looksBack || tag !== this.tag) return;
    this.past = false;
    this.#take(told);
  }

  /** Take in what leads on from the board with a tag; say whether the day is known by then. */
  follow(tag, told) {
    if (this.past || this.looksBack) return false;
    if (tag === this.tag) this.#take(told);
    return told.tag === this.tag;
  }

  /** Show the day as it stood at a revision, if that is still wanted when it has come. */
  async toRevision(revision, wanted) {
    const told = await ask("GET", `/api/v1/board/${day}/past/${revision}`);
    if (!wanted()) return;
    this.past = this.looksBack = true;
    this.#take(told);
  }

  /** Want the day as it is by now: the next that is fetched is all of it. */
  toNow() {
    this.looksBack = false;
    this.tag = "";
  }

  #take(told) {
    if (told.whole) {
      this.tours.clear();
      this.rides.clear();
    }
    const gone = told.gone_tours.map((each) => this.tours.get(each)?.vehicle);
    this.vehicles = told.whole ? null : new Set([...gone, ...told.tours.map((each) => each.vehicle)].filter(Boolean));
    for (const each of told.gone_tours) this.tours.delete(each);
    for (const each of told.gone_rides) this.rides.delete(each);
    for (const each of told.tours) this.tours.set(each.shift, tourOf(each));
    for (const each of told.rides) this.rides.set(each.code, rideOf(each));
    if (told.tours.length) this.tours = new Map([...this.tours].sort(([, a], [, b]) => a.number - b.number || a.begins - b.begins));
    this.waiting = told.waiting.map((each) => ({ ...each, at: time(each.time) }));
    Object.assign(this, {
      refused: told.refused ?? this.refused, conditions: told.conditions, figures: told.figures,
      tag: told.tag, revision: told.revision, now: time(told.now),
    });
    if (this.selected && !this.rides.has(this.selected)) this.selected = null;
    const changed = told.whole ? null : new Set([...told.gone_rides, ...told.rides.map((each) => each.code)]);
    for (const each of this.listeners) each(changed);
  }

  /** Select a ride in all views; null selects none. */
  select(code) {
    if (this.selected === code) return;
    const before = this.selected;
    this.selected = code;
    for (const each of this.listeners) each(new Set([before, code].filter(Boolean)), true);
  }

  /** Let all views look at a ride anew. */
  touch(code) {
    for (const each of this.listeners) each(new Set([code]));
  }

  tourOf(ride) {
    return ride.shift === null ? null : this.tours.get(ride.shift);
  }
}

function tourOf(tour) {
  return {
    ...tour, begins: time(tour.begin), ends: time(tour.end),
    halts: tour.halts.map((halt) => ({
      ...halt, arrives: time(halt.arrival), busyUntil: time(halt.busy_until), leaves: time(halt.departure),
      rest: halt.rest?.map(time) ?? null,
    })),
  };
}

function rideOf(ride) {
  const { passengers, wheelchairs } = ride.party;
  const now = ride.window_now ?? ride.pickup_window;
  return {
    ...ride, passengers, wheelchairs,
    earliest: time(ride.pickup_window.earliest), latest: time(ride.pickup_window.latest),
    opens: time(now.earliest), closes: time(now.latest),
    dropoffLatest: time(ride.dropoff_latest), picksUp: time(ride.pickup), wantedAt: time(ride.wanted), dropsOff: time(ride.dropoff),
    stranded: ride.shift === null && ride.status === "booked",
    atRisk: ride.state === "at_risk",
    open: ride.status === "booked" || ride.status === "on_board",
    words: [ride.code, ride.from, ride.to, ride.pickup_stop, ride.dropoff_stop].join(" ").toLowerCase(),
  };
}

/** By how much a ride may still come later, in ms: the tighter of its two ends. */
export function margin(ride) {
  if (ride.picksUp === null) return 0;
  const off = ride.dropoffLatest - ride.dropsOff;
  return ride.status === "on_board" ? off : Math.min(ride.latest - ride.picksUp, off);
}
