/** A tour with what the driver has tapped since: pure, so that it works without a network. */

/** What is reported about whole halts and shifts, and what about people who get on or off. */
const BOARDING = new Set(["picked_up", "no_show"]);

export const getsOn = (party) => party.status === "booked";
export const getsOff = (party) => party.status === "booked" || party.status === "on_board";

/** Return the tour as it will be when the server has taken in the taps. */
export function withTaps(tour, taps) {
  const after = structuredClone(tour);
  const back = new Map(taps.filter((each) => each.takes_back).map((each) => [each.takes_back, each]));
  const own = new Set(taps.map((each) => each.id));
  for (const tap of taps) {
    // Of a tap that the tour has in it already, the tour is rid; of any other, nothing is shown.
    if (tap.takes_back && !own.has(tap.takes_back)) undo(after, tap);
    else if (!tap.takes_back && !back.has(tap.id)) apply(after, tap);
  }
  for (const halt of after.halts) {
    if (halt.kind === "stop") halt.done = !halt.getting_on.some(getsOn) && !halt.getting_off.some(getsOff);
  }
  return after;
}

function apply(tour, { kind, booking, happened_at: time, odometer }) {
  if (kind === "started") tour.started ??= time;
  else if (kind === "ended") tour.ended ??= time;
  else if (kind === "break_started") tour.resting_since = time;
  else if (kind === "break_ended") endBreak(tour);
  else if (kind === "arrived") arrive(tour, booking, time);
  else if (BOARDING.has(kind) || kind === "dropped_off") serve(tour, kind, booking);
  if (odometer) tour.odometer = Math.max(tour.odometer ?? 0, odometer);
}

function endBreak(tour) {
  tour.resting_since = null;
  const rest = tour.halts.find((halt) => halt.kind === "break" && !halt.done);
  if (rest) rest.done = true;
}

function arrive(tour, code, time) {
  const open = (halt) => halt.getting_on.some((each) => each.code === code && getsOn(each))
    || halt.getting_off.some((each) => each.code === code && each.status === "on_board");
  const halt = tour.halts.find(open) ?? tour.halts.find((each) => each.getting_off.some((party) => party.code === code));
  if (!halt) return;
  halt.arrived ??= time;
  // Where the vehicle stands comes next, as on the server.
  const rest = tour.halts.filter((each) => each !== halt);
  const next = rest.findIndex((each) => !isDone(each, tour));
  if (next >= 0) tour.halts = [...rest.slice(0, next), halt, ...rest.slice(next)];
}

function serve(tour, kind, code) {
  const status = { picked_up: "on_board", no_show: "no_show", dropped_off: "served" }[kind];
  for (const halt of tour.halts) {
    for (const party of [...halt.getting_on, ...halt.getting_off]) {
      if (party.code === code) party.status = status;
    }
    halt.getting_off = halt.getting_off.filter((party) => party.status !== "no_show");
  }
}

/** Undo what a tap had made of the tour: people wait or ride again, the vehicle is not there yet. */
function undo(tour, { was, booking: code, status: before }) {
  // Who got off without ever having got on, as the server takes it, waits again.
  const status = { picked_up: "booked", no_show: "booked", dropped_off: before ?? "on_board" }[was];
  for (const halt of tour.halts) {
    const parties = [...halt.getting_on, ...halt.getting_off].filter((party) => party.code === code);
    for (const party of parties) if (status) party.status = status;
    if (was === "arrived" && parties.length) halt.arrived = null;
  }
}

function isDone(halt, tour) {
  if (halt.kind === "start") return halt.done || Boolean(tour.started);
  if (halt.kind !== "stop") return halt.done;
  return !halt.getting_on.some(getsOn) && !halt.getting_off.some(getsOff);
}

/** Return what is still to do, the next halt first. */
export const ahead = (tour) => tour.halts.filter((halt) => halt.kind !== "start" && halt.kind !== "end" && !isDone(halt, tour));

/** Return a name for a halt that stays the same when times change. */
export const keyOf = (halt) =>
  [halt.kind, ...halt.getting_on.map((each) => `+${each.code}`), ...halt.getting_off.map((each) => `-${each.code}`)].join(" ")
  + (halt.kind === "break" ? halt.arrival.slice(0, 10) : "");

/** Return a party whose arrival can be reported at a halt. */
export const whoWaits = (halt) => halt.getting_on.find(getsOn) ?? halt.getting_off.find(getsOff);

/** Return when somebody who is not there may be given up, in ms; null before the vehicle is there. */
export function givenUpFrom(halt, party, waitSeconds) {
  if (!halt.arrived) return null;
  return Math.max(Date.parse(halt.arrived), Date.parse(party.earliest)) + waitSeconds * 1000;
}

/** Return all who are still to get on: code to the halt and the party. */
export function waiting(tour) {
  const found = new Map();
  for (const halt of tour.halts) {
    for (const party of halt.getting_on) if (getsOn(party)) found.set(party.code, { halt, party });
  }
  return found;
}

/** Return whether anybody rides along. */
export const anybodyOn = (tour) =>
  tour.halts.some((halt) => halt.getting_off.some((party) => party.status === "on_board"));
