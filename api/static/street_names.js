/** Names of streets along their roads: one for each connected part of a street, where there is room. */
import { decode } from "./polyline.js";

const { L } = window;

/** From which zoom on the names of a class are worth their room, the widest roads first. */
const FROM_ZOOM = [
  ["trunk", 12.5], ["primary", 12.5], ["secondary", 12.5], ["tertiary", 13.25],
  ["minor", 14], ["street", 14.5], ["service", 16], ["track", 16], ["path", 16.5],
];

const FONT = "600 12px system-ui, sans-serif";
const HIGH = 14;
/** Room along the road before and after a name, and between any two, in pixels. */
const AROUND = 6;
/** A name is set straight; where its road bends more than this it is not set. */
const STRAIGHT = 0.96;
/** How much more than what is in sight is drawn, on each side. */
const PADDING = 0.25;

export class StreetNames {
  /** `roads` are lines by class, `names` their names in the same order; `ink` gives a colour. */
  constructor(map, roads, names, ink) {
    Object.assign(this, { map, ink, shown: [] });
    this.parts = FROM_ZOOM.flatMap(([kind, from]) =>
      partsOf((roads[kind] ?? []).map(decode), names[kind] ?? []).map((each) => ({ ...each, from })));
    this.canvas = document.createElement("canvas");
    this.canvas.className = "street-names leaflet-zoom-hide";
    this.canvas.setAttribute("aria-hidden", "true");
    map.createPane("streets").style.zIndex = 210;
    map.getPane("streets").style.pointerEvents = "none";
    map.getPane("streets").append(this.canvas);
    this.pen = this.canvas.getContext("2d");
    this.taken = [];
    map.on("moveend resize", () => this.draw());
  }

  /** Draw the names that have room beside the boxes of other names, in pixels of the world. */
  draw(taken = this.taken) {
    this.taken = taken;
    const { map, pen, canvas } = this;
    const zoom = map.getZoom();
    const size = map.getSize().multiplyBy(1 + 2 * PADDING).round();
    const corner = map.containerPointToLayerPoint(map.getSize().multiplyBy(-PADDING)).round();
    const origin = corner.add(map.getPixelOrigin());
    const ratio = window.devicePixelRatio || 1;
    canvas.width = size.x * ratio;
    canvas.height = size.y * ratio;
    canvas.style.width = `${size.x}px`;
    canvas.style.height = `${size.y}px`;
    L.DomUtil.setPosition(canvas, corner);
    this.shown = [];
    const parts = this.parts.filter(({ from }) => zoom >= from);
    if (parts.length) {
      pen.scale(ratio, ratio);
      Object.assign(pen, { font: FONT, textAlign: "center", textBaseline: "middle", lineJoin: "round", lineWidth: 3.5, fillStyle: this.ink("--ink"), strokeStyle: this.ink("--halo") });
      const seen = { bounds: map.getBounds().pad(PADDING), box: L.bounds([0, 0], size), origin };
      const boxes = taken.map(({ x, y, half }) => ({ x: x - origin.x, y: y - origin.y, half }));
      for (const part of parts) this.#set(part, { zoom, seen, boxes });
    }
    canvas.dataset.names = this.shown.join("|");
  }

  #set({ name, line, bounds }, { zoom, seen, boxes }) {
    if (!seen.bounds.intersects(bounds)) return;
    const path = inSight(line.map((point) => this.map.project(point, zoom).subtract(seen.origin)), seen.box);
    const wide = this.pen.measureText(name).width;
    const place = straightest(path, wide + 2 * AROUND);
    if (!place) return;
    const own = boxesAlong(place, wide);
    if (boxes.some((other) => own.some((each) => Math.abs(other.x - each.x) < other.half.x + each.half.x && Math.abs(other.y - each.y) < other.half.y + each.half.y))) return;
    boxes.push(...own);
    this.shown.push(name);
    const { pen } = this;
    pen.save();
    pen.translate(place.x, place.y);
    pen.rotate(place.angle);
    pen.strokeText(name, 0, 0);
    pen.fillText(name, 0, 0);
    pen.restore();
  }
}

/** The longest line of each connected part of a street, the longest first. */
export function partsOf(lines, names) {
  const streets = Map.groupBy(lines.map((line, number) => ({ line, name: names[number] })).filter(({ name }) => name), ({ name }) => name);
  return [...streets].flatMap(([name, own]) => connected(chained(own.map(({ line }) => line))).map((line) => ({ name, line, bounds: L.latLngBounds(line) })))
    .sort((a, b) => long(b.line) - long(a.line));
}

const key = ([lat, lon]) => `${lat} ${lon}`;

/** Join lines end to end where no more than two of them meet. */
function chained(lines) {
  const meets = new Map();
  for (const line of lines) for (const end of [line[0], line.at(-1)]) meets.set(key(end), (meets.get(key(end)) ?? 0) + 1);
  const left = [...lines];
  const done = [];
  while (left.length) {
    let line = left.pop();
    for (let again = true; again;) {
      again = false;
      for (let number = left.length - 1; number >= 0; number -= 1) {
        const joined = meets.get(key(line.at(-1))) === 2 ? joinedTo(line, left[number]) : null;
        const before = joined ?? (meets.get(key(line[0])) === 2 ? joinedTo([...line].reverse(), left[number]) : null);
        if (!before) continue;
        line = before;
        left.splice(number, 1);
        again = true;
      }
    }
    done.push(line);
  }
  return done;
}

/** A line with another one behind it, if that begins or ends where it ends. */
function joinedTo(line, other) {
  const end = key(line.at(-1));
  if (key(other[0]) === end) return [...line, ...other.slice(1)];
  if (key(other.at(-1)) === end) return [...line, ...[...other].reverse().slice(1)];
  return null;
}

/** Of lines that touch each other only the longest. */
function connected(lines) {
  const groups = [];
  for (const line of lines) {
    const ends = new Set([key(line[0]), key(line.at(-1))]);
    const own = { best: line, ends };
    for (const group of groups.filter((each) => [...ends].some((end) => each.ends.has(end)))) {
      groups.splice(groups.indexOf(group), 1);
      if (long(group.best) > long(own.best)) own.best = group.best;
      for (const end of group.ends) own.ends.add(end);
    }
    groups.push(own);
  }
  return groups.map(({ best }) => best);
}

/** How long a line is, in degrees of latitude, near enough. */
function long(line) {
  let sum = 0;
  for (let k = 1; k < line.length; k += 1) sum += Math.hypot(line[k][0] - line[k - 1][0], 0.58 * (line[k][1] - line[k - 1][1]));
  return sum;
}

/** The longest piece of a path that lies in a box. */
function inSight(path, box) {
  const pieces = [[]];
  for (let k = 1; k < path.length; k += 1) {
    const cut = L.LineUtil.clipSegment(path[k - 1], path[k], box);
    const [from, to] = cut || [null, null];
    if (!cut || !pieces.at(-1).at(-1)?.equals(from)) pieces.push(cut ? [from] : []);
    if (cut) pieces.at(-1).push(to);
  }
  const length = (piece) => piece.reduce((sum, point, k) => sum + (k ? point.distanceTo(piece[k - 1]) : 0), 0);
  return pieces.reduce((best, piece) => (length(piece) > length(best) ? piece : best));
}

/** Where along a path so many pixels are straightest, its middle first; null if nowhere. */
function straightest(path, wide) {
  if (path.length < 2) return null;
  const at = [0];
  for (let k = 1; k < path.length; k += 1) at.push(at[k - 1] + path[k].distanceTo(path[k - 1]));
  const length = at.at(-1);
  if (length < wide) return null;
  let best = null;
  for (const share of [0.5, 0.35, 0.65, 0.2, 0.8, 0.05, 0.95]) {
    const from = share * (length - wide);
    const [a, b] = [pointAt(path, at, from), pointAt(path, at, from + wide)];
    const straight = a.distanceTo(b) / wide;
    if (straight >= STRAIGHT && (!best || straight > best.straight + 0.01)) {
      const turned = a.x > b.x ? [b, a] : [a, b];
      const middle = a.add(b).divideBy(2);
      best = { straight, x: middle.x, y: middle.y, angle: Math.atan2(turned[1].y - turned[0].y, turned[1].x - turned[0].x) };
    }
  }
  return best;
}

function pointAt(path, at, metre) {
  const k = Math.max(1, at.findIndex((each) => each >= metre));
  const share = at[k] === at[k - 1] ? 0 : (metre - at[k - 1]) / (at[k] - at[k - 1]);
  return path[k - 1].add(path[k].subtract(path[k - 1]).multiplyBy(share));
}

/** A slanted name as a row of small boxes. */
function boxesAlong({ x, y, angle }, wide) {
  const count = Math.max(1, Math.ceil(wide / HIGH));
  const half = { x: HIGH / 2 + AROUND / 2, y: HIGH / 2 + AROUND / 2 };
  return Array.from({ length: count }, (_, number) => {
    const along = ((number + 0.5) / count - 0.5) * wide;
    return { x: x + along * Math.cos(angle), y: y + along * Math.sin(angle), half };
  });
}
