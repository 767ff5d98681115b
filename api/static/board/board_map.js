/** The board's map: tours in their colours and patterns, vehicles, closures, demand, refusals. */
import { BaseMap, ink } from "../base_map.js";
import { StopLayer } from "../stops.js";
import { TourLayer } from "../tours.js";
import { VehicleLayer } from "../vehicles.js";
import { asText, words } from "../words.js";
import { ask, byId, day } from "./parts.js";

const { L } = window;

const SOON_MS = 2 * 3600 * 1000;
const POLLS_MS = 20_000;
const SOON_AFTER_MS = 700;

/** From this zoom on, halts show what is promised there. */
const NEAR = 12.5;

export class BoardMap {
  constructor(model, times, clock) {
    Object.assign(this, { model, times, clock, ready: false, shown: "", stale: null, way: null, picking: null, due: 0, fetching: null, windows: new Map() });
    model.listen((changed, chosen) => this.#follow(changed, chosen));
  }

  async load() {
    const [region, roads] = await Promise.all([ask("GET", "/api/v1/regions/current"), ask("GET", "/api/v1/roads")]);
    const map = L.map("map", { zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 9, maxZoom: 18, maxBounds: L.latLngBounds(region.bounds).pad(0.6) });
    L.control.zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    const credits = L.control.attribution({ position: "bottomright", prefix: false }).addTo(map);
    const source = document.createElement("a");
    source.href = "https://www.openstreetmap.org/copyright";
    source.textContent = region.attribution;
    credits.addAttribution(source.outerHTML + (region.synthetic ? ` · <b class="synthetic">${words.synthetic}</b>` : ""));
    map.fitBounds(region.bounds, { padding: [4, 4] });
    this.map = map;
    this.#tiles(map, credits);
    this.base = new BaseMap(map, region, roads);
    this.stops = new StopLayer(map, region.stops);
    this.tours = new TourLayer(map, this.times, {
      patterns: true, onHalt: (stand) => this.#choose(stand), windowAt: (stand) => this.#window(stand),
    });
    this.vehicles = new VehicleLayer(map, { load: true, onVehicle: (id) => this.#chooseRideOf(id) });
    this.marks = L.layerGroup().addTo(map);
    map.createPane("demand").style.zIndex = 415;
    this.canvas = L.canvas({ pane: "demand", padding: 0.4 });
    this.chosen = L.layerGroup().addTo(map);
    new ResizeObserver(() => map.invalidateSize({ pan: false })).observe(map.getContainer());
    map.on("click", (event) => this.picking?.(event.latlng));
    map.getContainer().addEventListener("keydown", (event) => {
      const middle = event.key === "Enter" && event.target === map.getContainer();
      if (!this.picking || !(middle || event.key === "Escape")) return;
      event.preventDefault();  // else the same key would close or press what it brings back
      this.picking(middle ? map.getCenter() : null);
    });
    const near = () => map.getContainer().classList.toggle("near", map.getZoom() >= NEAR);
    map.on("zoomend", near);
    near();
    this.ready = true;
    await this.told();
    this.#mark();
  }

  /** Another's map over our own, if the region says so; where it does not come, ours is seen. */
  #tiles(map, credits) {
    const { tiles, credit } = map.getContainer().dataset;
    if (!tiles) return;
    map.createPane("tiles").style.zIndex = 250;
    L.tileLayer(tiles, { pane: "tiles", maxZoom: 18 }).addTo(map);
    const name = document.createElement("span");
    name.textContent = credit;
    credits.addAttribution(name.outerHTML);
  }

  /** Fetch tours if they are others by now, and where the vehicles are. */
  async told() {
    if (!this.ready) return;
    this.fetching ??= this.#plan().finally(() => { this.fetching = null; });
    await Promise.all([this.#whereabouts(), this.fetching]);
  }

  /** Fetch tours until they are those of the day: one answer at a time, so that none is overtaken. */
  async #plan() {
    while (this.shown !== `${this.model.past} ${this.model.revision}`) await this.#tours(this.model);
  }

  async #tours({ revision, past }) {
    const shown = `${past} ${revision}`;
    const only = past || this.shown.startsWith("true") ? null : this.stale;
    this.shown = shown;
    this.stale = new Set();
    if (only?.size === 0) return;
    const some = [...(only ?? [])].map((each) => `&vehicle=${encodeURIComponent(each)}`).join("");
    try {
      this.tours.replace((await ask("GET", past ? `/api/v1/board/${day}/past/${revision}/tours` : `/api/v1/tours?date=${day}${some}`)).tours, only);
    } catch (error) {
      this.stale = null;
      this.shown = "";
      throw error;
    }
    this.tours.follow(this.#now());
  }

  #now() {
    return this.model.past ? this.model.now : this.clock.now();
  }

  /** Where the vehicles are is known for now alone. */
  async #whereabouts() {
    this.map.getContainer().classList.toggle("past", this.model.past);
    if (this.model.past) return;
    const ahead = Math.min(900, Math.ceil((this.clock.pace * POLLS_MS) / 1000) + 10);
    const seen = await ask("GET", `/api/v1/vehicles?seconds_ahead=${ahead}`);
    // The page may be open over midnight: then its day is no longer today, or is by now.
    this.vehicles.observe(seen.day === day ? seen.vehicles : [], Date.parse(seen.now));
  }

  /** Move the vehicles, a few times a second. */
  animate() {
    if (!this.ready || this.map.getContainer().hidden) return;
    const now = this.#now();
    this.vehicles.follow(now);
    this.tours.follow(now);
  }

  /** The selected ride at once; what the day has changed soon after, however often it does. */
  #follow(_changed, chosen) {
    if (!this.ready) return;
    if (chosen) {
      this.#choice();
      this.#reveal();
      return;
    }
    this.windows.clear();
    const { vehicles } = this.model;
    this.stale = this.stale && vehicles && new Set([...this.stale, ...vehicles]);
    if (this.due) return;
    this.due = setTimeout(() => {
      this.due = 0;
      this.#mark();
      this.told().catch((error) => console.warn(error));
    }, SOON_AFTER_MS);
  }

  /** Draw closures, refusals, what is wanted soon, and the selected ride. */
  #mark() {
    this.marks.clearLayers();
    const now = this.model.now;
    for (const each of this.model.refused) this.#point(each, "mark-refused", `${this.times.clock(Date.parse(each.wanted))} ${words[`reason_${each.reason}`] ?? each.reason}`);
    for (const condition of this.model.conditions) {
      if (condition.lifted_at !== null || Date.parse(condition.until) < now) continue;
      this.#closed(condition.points ?? []);
      if (condition.stop) this.#point(condition.stop, "mark-closed", condition.stop.name);
    }
    for (const ride of this.model.rides.values()) {
      if (!ride.open || ride.earliest < now || ride.earliest > now + SOON_MS) continue;
      const halt = this.#haltOf(ride, "getting_on");
      if (halt) this.#demand(halt, ride);
    }
    this.#choice();
    this.map.getContainer().dataset.revision = this.model.revision;
  }

  #point({ lat, lon }, className, title) {
    const icon = L.divIcon({ className, iconSize: [14, 14] });
    L.marker([lat, lon], { icon, keyboard: false, zIndexOffset: -800 }).bindTooltip(asText(title)).addTo(this.marks);
  }

  /** Rides may be many: they share a canvas. */
  #demand({ lat, lon, name }, ride) {
    L.circleMarker([lat, lon], { renderer: this.canvas, pane: "demand", radius: 6, weight: 2, dashArray: "1 3", color: ink("--ink"), fillColor: ink("--ink"), fillOpacity: 0.18 })
      .bindTooltip(asText(`${this.times.clock(ride.picksUp)} ${name}`)).on("click", () => this.model.select(ride.code)).addTo(this.marks);
  }

  /** A closed road: its points, and what lies between them. */
  #closed(points) {
    const line = points.map(({ lat, lon }) => [lat, lon]);
    L.polyline(line, { color: ink("--bad"), weight: 6, opacity: 0.8, dashArray: "2 9", interactive: false }).addTo(this.marks);
    for (const point of points) this.#point(point, "mark-closed", words.trouble_road_closed);
  }

  #haltOf(ride, end) {
    return this.model.tourOf(ride)?.halts.find((halt) => halt[end].includes(ride.code));
  }

  #choice() {
    this.chosen.clearLayers();
    const ride = this.model.rides.get(this.model.selected);
    if (!ride) return;
    const ends = ["getting_on", "getting_off"].map((end) => this.#haltOf(ride, end));
    if (ends.some((each) => !each)) return;
    const points = ends.map(({ lat, lon }) => [lat, lon]);
    L.polyline(points, { color: ink("--ink"), weight: 2, dashArray: "3 6", interactive: false }).addTo(this.chosen);
    ends.forEach((halt, number) => {
      const icon = L.divIcon({ className: "mark-chosen", html: number ? "B" : "A", iconSize: [24, 24] });
      L.marker([halt.lat, halt.lon], { icon, keyboard: false, zIndexOffset: 2000 }).bindTooltip(asText(halt.name)).addTo(this.chosen);
    });
    this.way = points;
  }

  #reveal() {
    if (this.way && this.chosen.getLayers().length && !this.map.getContainer().hidden) {
      const bounds = L.latLngBounds(this.way);
      if (!this.map.getBounds().contains(bounds)) this.map.flyToBounds(bounds.pad(0.4), { maxZoom: 14, duration: 0.5 });
    }
  }

  /** The rides that get on or off where and when a vehicle halts. */
  #ridesAt(stand) {
    const gets = (ride, time, stop) => ride[time] === stand.arrives && ride[stop] === stand.name;
    return [...this.model.rides.values()].filter((ride) => ride.open && (gets(ride, "picksUp", "pickup_stop") || gets(ride, "dropsOff", "dropoff_stop")));
  }

  #choose(stand) {
    const [ride] = this.#ridesAt(stand);
    if (ride) this.model.select(ride.code);
  }

  /** What is promised at a halt: the narrowest window of who gets on, and the end for who gets off. */
  #window(stand) {
    const key = `${stand.arrival} ${stand.name}`;
    if (!this.windows.has(key)) this.windows.set(key, this.#promised(stand));
    return this.windows.get(key);
  }

  #promised(stand) {
    const rides = this.#ridesAt(stand);
    const on = rides.filter((ride) => ride.picksUp === stand.arrives);
    const clock = (times) => this.times.clock(times);
    if (on.length) return `${clock(Math.max(...on.map((ride) => ride.earliest)))}–${clock(Math.min(...on.map((ride) => ride.latest)))}`;
    return rides.length ? `≤ ${clock(Math.min(...rides.map((ride) => ride.dropoffLatest)))}` : "";
  }

  /** Who sits in a vehicle, or is picked up next. */
  #chooseRideOf(vehicle) {
    const own = [...this.model.rides.values()].filter((ride) => ride.open && this.model.tourOf(ride)?.vehicle === vehicle);
    const [next] = own.sort((a, b) => (b.status === "on_board") - (a.status === "on_board") || a.picksUp - b.picksUp);
    if (next) this.model.select(next.code);
  }

  /**
   * Return the point that is clicked next, or the middle of the map when Enter is pressed; null if
   * Escape is. Those that were chosen before are seen.
   */
  pick(points) {
    byId("show-map").click();
    this.drawn?.remove();
    this.drawn = L.layerGroup().addTo(this.map);
    for (const { lat, lon } of points) L.circleMarker([lat, lon], { radius: 7, weight: 3, color: ink("--bad") }).addTo(this.drawn);
    const box = this.map.getContainer();
    box.classList.add("picking");
    box.focus();
    return new Promise((resolve) => {
      this.picking = (point) => {
        this.picking = null;
        this.drawn.remove();
        box.classList.remove("picking");
        resolve(point);
      };
    });
  }
}
