/** One row of the timeline: the shifts of a vehicle and what it does, drawn on a canvas. */
import { margin, TIGHT_MS } from "./day.js";

const MOST_LOAD = 8;

/** Give each ride of a row a lane, so that the brackets of windows do not lie on each other. */
export function lanesOf(rides, begin, end) {
  const free = [];
  const lanes = new Map();
  for (const ride of [...rides].sort((a, b) => begin(a) - begin(b))) {
    let lane = free.findIndex((until) => until <= begin(ride));
    if (lane < 0) lane = free.length;
    free[lane] = end(ride);
    lanes.set(ride.code, lane);
  }
  return { lanes, count: free.length };
}

export const upperEnd = (ride) => Math.max(ride.latest, ride.picksUp);
export const lowerEnd = (ride) => Math.max(ride.dropoffLatest, ride.dropsOff);

/** Draw a row; `at` turns ms into pixels, `row` has its place, lanes and rides. */
export function drawRow(pen, row, at, inks, selected) {
  const { tours, top, height } = row;
  const middle = top + height / 2;
  for (const tour of tours) {
    drawShift(pen, tour, row, at, inks);
    drawTour(pen, tour, at, middle, inks);
    if (tour.locked) lockSign(pen, Math.max(at(tour.begins), 0) + 10, top + 9, inks.ink);
  }
  for (const ride of row.rides) drawPromise(pen, row, ride, at, middle, inks, ride.code === selected);
}

function drawTour(pen, { halts, number: vehicle }, at, middle, inks) {
  const colour = inks.vehicle(vehicle);
  for (const halt of halts) drawSlack(pen, halt, at, middle, inks);
  halts.forEach((halt, number) => {
    const next = halts[number + 1];
    drawStay(pen, halt, at, middle, inks);
    if (next) drawDrive(pen, halt, next, at, middle, colour);
    drawHalt(pen, halt, at, middle, colour, inks);
  });
}

function drawShift(pen, tour, { top, height }, at, inks) {
  pen.fillStyle = inks.surface;
  pen.fillRect(at(tour.begins), top + 2, at(tour.ends) - at(tour.begins), height - 4);
}

function drawDrive(pen, halt, next, at, middle, colour) {
  const [from, to] = [at(halt.leaves), at(next.arrives)];
  if (to <= from) return;
  if (next.empty) {
    pen.strokeStyle = colour;
    pen.lineWidth = 1.5;
    pen.setLineDash([5, 3]);
    line(pen, from, middle, to, middle);
    pen.setLineDash([]);
    return;
  }
  const thick = 3 + Math.min(halt.people, MOST_LOAD) * 1.25;
  pen.fillStyle = colour;
  pen.fillRect(from, middle - thick / 2, Math.max(to - from, 1), thick);
}

function drawStay(pen, halt, at, middle, inks) {
  if (halt.rest) {
    const [from, to] = halt.rest.map(at);
    pen.fillStyle = inks.rest;
    pen.fillRect(from, middle - 8, to - from, 16);
    pen.strokeStyle = inks.soft;
    pen.lineWidth = 1;
    for (let x = from + 5; x < to; x += 5) line(pen, x, middle + 8, Math.min(x + 6, to), middle - 8);
  }
  const [from, to] = [at(Math.max(halt.busyUntil, halt.rest?.[1] ?? 0)), at(halt.leaves)];
  if (to - from < 3) return;
  pen.strokeStyle = inks.soft;
  pen.lineWidth = 1.5;
  pen.setLineDash([1.5, 4]);
  line(pen, from, middle, to, middle);
  pen.setLineDash([]);
}

/** How much later a halt may happen, from where it happens: a pale wedge that gets thinner. */
function drawSlack(pen, halt, at, middle, inks) {
  if (halt.served || !halt.slack_seconds || !(halt.getting_on.length + halt.getting_off.length)) return;
  const from = at(halt.busyUntil);
  const to = at(halt.busyUntil + halt.slack_seconds * 1000);
  pen.fillStyle = inks.slack;
  pen.beginPath();
  pen.moveTo(from, middle - 6);
  pen.lineTo(to, middle);
  pen.lineTo(from, middle + 6);
  pen.fill();
}

function drawHalt(pen, halt, at, middle, colour, inks) {
  const moves = halt.getting_on.length + halt.getting_off.length;
  const from = at(halt.arrives);
  if (!moves) {
    if (!halt.rest) {
      pen.fillStyle = inks.soft;
      pen.fillRect(from - 1, middle - 7, 2, 14);
    }
    return;
  }
  const wide = Math.max(at(halt.busyUntil) - from, 4);
  pen.fillStyle = halt.served ? inks.soft : colour;
  pen.fillRect(from, middle - 7, wide, 14);
  pen.fillStyle = inks.surface;
  if (halt.getting_on.length) triangle(pen, from + wide / 2, middle - 4, 2.4, -1);
  if (halt.getting_off.length) triangle(pen, from + wide / 2, middle + 4, 2.4, 1);
}

function drawPromise(pen, row, ride, at, middle, inks, selected) {
  const broken = ride.state === "broken";
  const bad = ride.atRisk || broken;
  const tight = ride.open && margin(ride) < TIGHT_MS;
  const look = { colour: bad ? inks.bad : selected ? inks.accent : inks.soft, width: bad || selected ? 2.5 : tight ? 2 : 1 };
  const above = middle - 10 - laneAt(row.upper, ride.code, row);
  const below = middle + 10 + laneAt(row.lower, ride.code, row);
  if (selected) band(pen, at(ride.picksUp), at(ride.dropsOff), row, inks.chosen);
  bracket(pen, at(ride.earliest), at(ride.latest), above, 4, look, true);
  dot(pen, at(ride.picksUp), above, look, inks);
  if (ride.picksUp > ride.latest) late(pen, at(ride.latest), at(ride.picksUp), above, inks.bad);
  bracket(pen, at(ride.dropsOff), at(ride.dropoffLatest), below, -4, look, false);
  dot(pen, at(ride.dropsOff), below, look, inks);
  if (ride.dropsOff > ride.dropoffLatest) late(pen, at(ride.dropoffLatest), at(ride.dropsOff), below, inks.bad);
  if (ride.locked) lockSign(pen, at(ride.latest) + 7, above, inks.ink);
}

function laneAt({ lanes, count }, code, { height }) {
  const step = Math.min(6, (height / 2 - 14) / Math.max(count - 1, 1));
  return lanes.get(code) * Math.max(step, 0);
}

function bracket(pen, from, to, y, tick, { colour, width }, both) {
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.beginPath();
  pen.moveTo(from, both ? y + tick : y);
  pen.lineTo(from, y);
  pen.lineTo(to, y);
  pen.lineTo(to, y + tick);
  pen.stroke();
}

function dot(pen, x, y, { colour }, inks) {
  pen.fillStyle = inks.surface;
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.beginPath();
  pen.arc(x, y, 2.4, 0, 7);
  pen.fill();
  pen.stroke();
}

function late(pen, from, to, y, colour) {
  pen.strokeStyle = colour;
  pen.lineWidth = 3;
  pen.setLineDash([3, 2]);
  line(pen, from, y, to, y);
  pen.setLineDash([]);
}

function band(pen, from, to, { top, height }, colour) {
  pen.fillStyle = colour;
  pen.fillRect(from - 3, top + 2, to - from + 6, height - 4);
}

function line(pen, x, y, toX, toY) {
  pen.beginPath();
  pen.moveTo(x, y);
  pen.lineTo(toX, toY);
  pen.stroke();
}

function triangle(pen, x, y, size, up) {
  pen.beginPath();
  pen.moveTo(x - size, y - up * size * 0.6);
  pen.lineTo(x + size, y - up * size * 0.6);
  pen.lineTo(x, y + up * size);
  pen.fill();
}

function lockSign(pen, x, y, colour) {
  pen.strokeStyle = pen.fillStyle = colour;
  pen.lineWidth = 1.4;
  pen.fillRect(x - 4, y - 1, 8, 6);
  pen.beginPath();
  pen.arc(x, y - 1, 2.6, Math.PI, 0);
  pen.stroke();
}
