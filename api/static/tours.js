/** Tours on the map: where vehicles will drive soon, and when they halt where. */
import { ink } from "./base_map.js";
import { decode } from "./polyline.js";
import { asText, colourClass } from "./words.js";

const { L } = window;

/** So far ahead a way is drawn strongly, in seconds of the service's clock. */
const SOON_SECONDS = 45 * 60;
const TIMES_SHOWN = 3;

/** Told apart without colours too: with eight colours, forty vehicles look different. */
const PATTERNS = [null, "12 7", "2 7", "14 6 2 6", "6 5"];

export class TourLayer {
  /**
   * With `patterns`, tours differ in their dashes too; `onHalt` is told which halt is clicked, and
   * `windowAt` says what is promised there, which is seen from near.
   */
  constructor(map, times, { patterns = false, onHalt = null, windowAt = () => "" } = {}) {
    this.map = map;
    this.times = times;
    this.patterns = patterns;
    this.onHalt = onHalt;
    this.windowAt = windowAt;
    map.createPane("tours").style.zIndex = 410;
    this.canvas = L.canvas({ pane: "tours", padding: 0.4 });
    this.legs = [];
    this.halts = new Map();
    this.lines = L.layerGroup().addTo(map);
    this.labels = L.layerGroup().addTo(map);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.#recolour());
  }

  /** Show another plan; or only other tours of some vehicles, by their ids. */
  replace(tours, vehicles = null) {
    const goes = ({ vehicle }) => vehicles === null || vehicles.has(vehicle);
    for (const { line } of this.legs.filter(({ tour }) => goes(tour))) this.lines.removeLayer(line);
    const anew = tours.map((tour) => ({
      ...tour,
      stands: tour.stands.map((stand) => ({
        ...stand, arrives: Date.parse(stand.arrival), leaves: Date.parse(stand.departure),
      })),
    }));
    this.tours = [...(this.tours ?? []).filter((tour) => !goes(tour)), ...anew];
    const legs = anew.flatMap((tour) =>
      tour.stands.slice(1).map((stand, before) => this.#leg(tour, tour.stands[before], stand)));
    this.legs = [...this.legs.filter(({ tour }) => !goes(tour)), ...legs];
  }

  #leg(tour, from, to) {
    const line = L.polyline(decode(to.path), {
      renderer: this.canvas, pane: "tours", interactive: false, lineCap: "round", lineJoin: "round",
      smoothFactor: 0.6, color: ink(`--${colourClass(tour.number)}`), opacity: 0, weight: 4,
      dashArray: this.patterns ? PATTERNS[(tour.number - 1) % PATTERNS.length] : null,
    });
    return { line: line.addTo(this.lines), tour, begins: from.leaves, ends: to.arrives, look: null };
  }

  #recolour() {
    for (const { line, tour } of this.legs) line.setStyle({ color: ink(`--${colourClass(tour.number)}`) });
  }

  /** Let lines and times follow the clock. */
  follow(now) {
    for (const leg of this.legs) {
      const look = lookOf(leg, now);
      if (look === leg.look) continue;
      leg.look = look;
      leg.line.setStyle(LOOKS[look]);
    }
    this.#label(now);
  }

  #label(now) {
    const wanted = new Map();
    for (const tour of this.tours ?? []) {
      for (const stand of upcoming(tour, now).slice(0, TIMES_SHOWN)) {
        const promised = this.windowAt(stand);
        wanted.set(`${tour.number} ${stand.arrival} ${stand.name} +${stand.getting_on} −${stand.getting_off} ${promised}`, { tour, stand, promised });
      }
    }
    for (const [key, marker] of this.halts) {
      if (wanted.has(key)) continue;
      this.labels.removeLayer(marker);
      this.halts.delete(key);
    }
    for (const [key, { tour, stand, promised }] of wanted) {
      if (!this.halts.has(key)) this.halts.set(key, this.#time(tour, stand, promised).addTo(this.labels));
    }
  }

  #time(tour, stand, promised) {
    const label = document.createElement("span");
    label.textContent = this.times.clock(stand.arrives);
    const className = `halt-time ${colourClass(tour.number)}`;
    const icon = L.divIcon({ className, html: label, iconSize: [0, 0] });
    const interactive = this.onHalt !== null;
    const marker = L.marker([stand.lat, stand.lon], { icon, interactive, keyboard: false, zIndexOffset: -500 });
    if (!interactive) return marker;
    const moves = [stand.getting_on && `+${stand.getting_on}`, stand.getting_off && `−${stand.getting_off}`];
    label.append(` ${moves.filter(Boolean).join(" ")}`);
    if (promised) {
      const more = document.createElement("i");
      more.className = "halt-window";
      more.textContent = ` ${promised}`;
      label.append(more);
    }
    return marker.bindTooltip(asText([stand.name, promised].filter(Boolean).join(", ")), { direction: "bottom" }).on("click", () => this.onHalt(stand));
  }
}

/** Halts that are still to come and where somebody gets on or off, within the near future. */
export function upcoming(tour, now) {
  return tour.stands.filter((stand) =>
    stand.arrives > now && stand.arrives < now + SOON_SECONDS * 1000
    && stand.getting_on + stand.getting_off > 0);
}

const LOOKS = {
  done: { opacity: 0, weight: 2 },
  now: { opacity: 0.9, weight: 5 },
  soon: { opacity: 0.55, weight: 4 },
  later: { opacity: 0, weight: 2 },
};

function lookOf({ begins, ends }, now) {
  if (ends < now) return "done";
  if (begins <= now) return "now";
  return begins < now + SOON_SECONDS * 1000 ? "soon" : "later";
}
