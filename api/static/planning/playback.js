/** A simulated day on the map: played, paused, stepped from halt to halt, or set by the slider. */
import { BaseMap } from "../base_map.js";
import { decode } from "../polyline.js";
import { StopLayer } from "../stops.js";
import { TourLayer } from "../tours.js";
import { VehicleLayer } from "../vehicles.js";
import { Times, words } from "../words.js";

const { L } = window;

const MINUTE_MS = 60_000;
/** Who wants no motion sees the vehicles move once a second, not glide. */
const STILL_MS = 1000;

const byId = (id) => document.getElementById(id);
const section = byId("playback");
const times = new Times(section.dataset.timezone);
const still = matchMedia("(prefers-reduced-motion: reduce)");

const tours = JSON.parse(byId("tours").textContent).map((tour) => ({
  ...tour,
  stands: tour.stands.map((stand) => ({
    ...stand, arrives: Date.parse(stand.arrival), leaves: Date.parse(stand.departure), way: wayOf(stand),
  })),
}));

/** The points of the way that leads to a stand, each with the share of the length behind it. */
function wayOf({ path, lat, lon }) {
  const points = path ? decode(path) : [[lat, lon]];
  const shares = [0];
  points.slice(1).forEach((point, before) => shares.push(shares[before] + length(points[before], point)));
  const whole = shares.at(-1) || 1;
  return { points, shares: shares.map((each) => each / whole) };
}

function step([lat, lon], [toLat, toLon]) {
  return { north: toLat - lat, east: (toLon - lon) * Math.cos((lat * Math.PI) / 180) };
}

function length(from, to) {
  const { north, east } = step(from, to);
  return Math.hypot(north, east);
}

/** Where a vehicle is at a time, in the form in which the map takes it. */
function whereabouts(tour, now) {
  const { stands, id, number, name } = tour;
  const next = stands.findIndex(({ arrives }) => arrives > now);
  const last = stands[(next < 0 ? stands.length : next) - 1] ?? stands[0];
  const resting = now < stands[0].leaves || next < 0;
  const seen = { id, number, name, ahead: [], status: resting ? "off_duty" : "waiting", at: last.name, lat: last.lat, lon: last.lon, heading: 0, on_board: last.on_board };
  if (next < 1 || now <= last.leaves) return seen;
  const { arrives, way } = stands[next];
  const share = (now - last.leaves) / (arrives - last.leaves);
  const piece = Math.max(1, way.shares.findIndex((each) => each > share));
  const [from, to] = [way.points[piece - 1], way.points[piece] ?? way.points[piece - 1]];
  const part = (share - way.shares[piece - 1]) / (way.shares[piece] - way.shares[piece - 1] || 1);
  const { north, east } = step(from, to);
  return { ...seen, status: "driving", at: null, to: stands[next].name, lat: from[0] + part * (to[0] - from[0]), lon: from[1] + part * (to[1] - from[1]), heading: (Math.atan2(east, north) * 180) / Math.PI };
}

class Playback {
  constructor(region, roads) {
    this.begin = Math.min(...tours.map(({ stands }) => stands[0].leaves));
    this.end = Math.max(...tours.map(({ stands }) => stands.at(-1).arrives));
    this.halts = [...new Set(tours.flatMap(({ stands }) => stands.map(({ arrives }) => arrives)))].sort((a, b) => a - b);
    this.playing = false;
    this.map = makeMap(region);
    new BaseMap(this.map, region, roads);
    new StopLayer(this.map, region.stops);
    this.tours = new TourLayer(this.map, times, { patterns: true });
    this.tours.replace(tours);
    this.vehicles = new VehicleLayer(this.map);
    new ResizeObserver(() => this.map.invalidateSize({ pan: false })).observe(this.map.getContainer());
    const slider = byId("time");
    const minutes = Math.ceil((this.end - this.begin) / MINUTE_MS);
    Object.assign(slider, { min: this.begin, max: this.begin + minutes * MINUTE_MS, value: this.begin });
    slider.addEventListener("input", () => this.show(Number(slider.value)));
    byId("play").addEventListener("click", () => this.play(!this.playing));
    byId("back").addEventListener("click", () => this.jump(this.halts.findLast((time) => time < this.now) ?? this.begin));
    byId("on").addEventListener("click", () => this.jump(this.halts.find((time) => time > this.now) ?? this.end));
    this.show(this.begin);
  }

  jump(time) {
    this.play(false);
    this.show(time);
  }

  show(time) {
    this.now = Math.min(Math.max(time, this.begin), this.end);
    byId("clock").textContent = times.clock(this.now);
    const slider = byId("time");
    slider.value = this.now;
    slider.setAttribute("aria-valuetext", times.clock(this.now));
    const seen = tours.map((tour) => whereabouts(tour, this.now));
    this.vehicles.observe(seen, this.now);
    this.tours.follow(this.now);
    for (const each of seen) this.#say(each);
  }

  #say({ number, at, to, on_board: aboard }) {
    const words_ = at ?? `→ ${to}`;
    const line = document.querySelector(`[data-vehicle="${number}"]`);
    const text = aboard ? `${words_} (${aboard})` : words_;
    if (line.textContent !== text) line.textContent = text;
  }

  play(on) {
    this.playing = on;
    byId("play").textContent = on ? words.pause : words.play;
    if (!on) return;
    if (this.now >= this.end) this.show(this.begin);
    this.#frame(performance.now());
  }

  #frame(before) {
    const go = () => {
      if (!this.playing) return;
      const at = performance.now();
      this.show(this.now + (at - before) * (MINUTE_MS / 1000) * Number(byId("pace").value));
      if (this.now >= this.end) this.play(false);
      else this.#frame(at);
    };
    if (still.matches) setTimeout(go, STILL_MS);
    else requestAnimationFrame(go);
  }
}

function makeMap(region) {
  const map = L.map("map", { zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 9, maxZoom: 18, maxBounds: L.latLngBounds(region.bounds).pad(0.6), zoomAnimation: !still.matches, scrollWheelZoom: false });
  L.control.zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  const credits = L.control.attribution({ position: "bottomright", prefix: false }).addTo(map);
  const source = document.createElement("a");
  source.href = "https://www.openstreetmap.org/copyright";
  source.textContent = region.attribution;
  credits.addAttribution(source.outerHTML + (region.synthetic ? ` · <b class="synthetic">${words.synthetic}</b>` : ""));
  map.fitBounds(region.bounds, { padding: [4, 4] });
  return map;
}

async function get(address) {
  const answer = await fetch(address, { cache: "no-cache", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new TypeError(`${address}: ${answer.status}`);
  return answer.json();
}

section.hidden = false;
try {
  new Playback(...await Promise.all([get("/api/v1/regions/current"), get("/api/v1/roads")]));
  section.dataset.ready = "";
} catch (error) {
  if (!(error instanceof TypeError)) throw error;
  console.warn(error);
  byId("notice").textContent = words.no_connection;
  byId("notice").hidden = false;
}
