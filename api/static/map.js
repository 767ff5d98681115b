/** The map page: loads the region once, then follows the vehicles. */
import { BaseMap } from "./base_map.js";
import { Panel } from "./panel.js";
import { ServiceClock } from "./service_clock.js";
import { StopLayer } from "./stops.js";
import { TourLayer } from "./tours.js";
import { VehicleLayer } from "./vehicles.js";
import { Times, words } from "./words.js";

const { L } = window;

const POLL_MS = 1000;
const FIGURES_EVERY = 3;
const RETRY_MS = 4000;
/** The way ahead that is asked for reaches over this many polls. */
const POLLS_AHEAD = 4;

const notice = document.getElementById("notice");

async function get(address) {
  const answer = await fetch(address, { cache: "no-cache", headers: { Accept: "application/json" } });
  if (!answer.ok) throw new TypeError(`${address}: ${answer.status}`);
  return answer.json();
}

function makeMap(region) {
  const map = L.map("map", {
    zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 9, maxZoom: 18,
    maxBounds: L.latLngBounds(region.bounds).pad(0.6),
  });
  L.control.zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
  const credits = L.control.attribution({ position: "bottomright", prefix: false }).addTo(map);
  const source = document.createElement("a");
  source.href = "https://www.openstreetmap.org/copyright";
  source.textContent = region.attribution;
  const label = region.synthetic ? ` · <b class="synthetic">${words.synthetic}</b>` : "";
  credits.addAttribution(source.outerHTML + label);
  fit(map, region);
  return map;
}

/** Show the whole region in the part of the map that the panel leaves free. */
function fit(map, region) {
  const panel = document.getElementById("panel").getBoundingClientRect();
  const beside = panel.width < window.innerWidth * 0.8;
  map.fitBounds(region.bounds, { paddingTopLeft: [beside ? panel.right + 8 : 8, 16], paddingBottomRight: [8, 32] });
}

class Live {
  constructor(region, roads) {
    this.times = new Times(region.timezone);
    this.clock = new ServiceClock();
    this.map = makeMap(region);
    this.base = new BaseMap(this.map, region, roads);
    this.stops = new StopLayer(this.map, region.stops);
    this.tours = new TourLayer(this.map, this.times);
    this.vehicles = new VehicleLayer(this.map);
    this.panel = new Panel(region, this.times, (id) => this.vehicles.show(id));
    new ResizeObserver(() => this.map.invalidateSize({ pan: false })).observe(this.map.getContainer());
    this.revision = null;
    this.polls = 0;
  }

  async poll() {
    const ahead = Math.min(900, Math.ceil(this.clock.pace * POLLS_AHEAD * (POLL_MS / 1000)) + 10);
    const seen = await get(`/api/v1/vehicles?seconds_ahead=${ahead}`);
    const now = Date.parse(seen.now);
    this.clock.observe(now);
    const plan = `${seen.day} ${seen.revision}`;
    if (plan !== this.revision) {
      this.tours.replace((await get("/api/v1/tours")).tours);
      this.revision = plan;
    }
    if (this.polls++ % FIGURES_EVERY === 0) this.panel.figures(await get("/api/v1/figures"));
    this.vehicles.observe(seen.vehicles, now);
    this.tours.follow(now);
    this.panel.vehicles(seen.vehicles, this.tours.tours, now);
  }

  animate() {
    const now = this.clock.now();
    if (this.polls) {
      this.vehicles.follow(now);
      this.panel.clock(now, this.clock.pace);
    }
    requestAnimationFrame(() => this.animate());
  }

  async keepPolling() {
    let pause = POLL_MS;
    if (!document.hidden) {
      try {
        await this.poll();
        notice.hidden = true;
      } catch (error) {
        if (!(error instanceof TypeError)) throw error;
        notice.textContent = words.no_connection;
        notice.hidden = false;
        pause = RETRY_MS;
      }
    }
    setTimeout(() => this.keepPolling(), pause);
  }
}

const [region, roads] = await Promise.all([get("/api/v1/regions/current"), get("/api/v1/roads")]);
const live = new Live(region, roads);
live.keepPolling();
live.animate();
