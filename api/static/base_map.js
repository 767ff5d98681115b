/** The base map: land, villages and roads on one canvas, and the names of places and streets. */
import { decode } from "./polyline.js";
import { StreetNames } from "./street_names.js";

const { L } = window;

/** Width in pixels at zoom 13; wider roads are drawn over narrower ones. */
const ROADS = [
  { name: "path", width: 0.9, from: 14, dash: [2, 4] },
  { name: "track", width: 1.1, from: 13, dash: [5, 4] },
  { name: "service", width: 1.2, from: 13, casing: true },
  { name: "street", width: 2.0, from: 11, casing: true },
  { name: "minor", width: 2.2, from: 9, casing: true },
  { name: "tertiary", width: 3.2, from: 9, casing: true },
  { name: "secondary", width: 4.0, from: 9, casing: true },
  { name: "primary", width: 5.0, from: 9, casing: true },
  { name: "trunk", width: 5.6, from: 9, casing: true },
];

/** Areas in the order in which they are drawn. */
const AREAS = ["meadow", "wood", "park", "water"];

/** Houses make the village: each one colours this many metres around it. */
const VILLAGE_METRES = 55;

const RANKS = ["city", "town", "village", "suburb", "hamlet", "landmark", "isolated_dwelling", "locality"];
const FROM_ZOOM = { city: 9, town: 9, village: 10.5, suburb: 12, hamlet: 13, landmark: 15 };

const EARTH_PIXEL = 156543.03;

export class BaseMap {
  constructor(map, region, document_) {
    this.map = map;
    map.createPane("base").style.zIndex = 200;
    this.canvas = L.canvas({ pane: "base", padding: 0.4 });
    this.layers = [];
    const houses = decode(document_.houses).map(([lat, lon]) => [[lat, lon], [lat, lon + 2e-6]]);
    this.#add(outside(region.boundary), () => ({ stroke: false, fillColor: ink("--outside"), fillOpacity: 1 }), L.polygon);
    for (const name of AREAS.filter((each) => document_.areas[each])) {
      this.#add(document_.areas[name].map((rings_) => rings_.map(decode)), () => ({
        stroke: false, fillColor: ink(`--${name}`), fillOpacity: 1,
      }), L.polygon);
    }
    this.#add((document_.lines.stream ?? []).map(decode), (zoom) => ({
      color: ink("--water"), weight: Math.max(1, 1.5 * 1.3 ** (zoom - 13)),
    }));
    this.#add(houses, (zoom) => ({ color: ink("--village"), weight: Math.max(3.5, this.#pixels(2 * VILLAGE_METRES, zoom)) }));
    const rails = (document_.lines.rail ?? []).map(decode);
    this.#add(rails, (zoom) => ({ color: ink("--rail"), weight: Math.max(1.6, 2.6 * 1.3 ** (zoom - 13)) }));
    this.#add(rails, (zoom) => ({
      color: ink("--halo"), dashArray: "7 7", lineCap: "butt",
      weight: zoom < 11.5 ? 0 : Math.max(0.8, 1.4 * 1.3 ** (zoom - 13)),
    }));
    const lines = ROADS.filter(({ name }) => document_.roads[name]).map((road) => ({
      ...road, shapes: document_.roads[road.name].map(decode),
    }));
    for (const road of lines.filter(({ casing }) => casing)) {
      this.#add(road.shapes, (zoom) => ({
        color: ink(isMain(road) ? "--main-casing" : "--road-casing"),
        weight: hasCasing(road, zoom) ? width(road, zoom) + 1.6 : 0,
      }));
    }
    this.#add(houses, (zoom) => ({
      color: ink("--house"), lineCap: "butt", weight: zoom < 14.5 ? 0 : this.#pixels(11, zoom),
    }), housesLayer);
    for (const road of lines) {
      this.#add(road.shapes, (zoom) => ({
        color: ink(colourOf(road, zoom)),
        weight: zoom < road.from ? 0 : width(road, zoom),
        dashArray: road.dash?.join(" "),
      }));
    }
    this.#add(rings(region.boundary), () => ({ color: ink("--border"), weight: 1.6, opacity: 0.55, dashArray: "8 5 2 5" }));
    const landmarks = document_.landmarks.map((each) => ({ ...each, rank: "landmark", population: 0 }));
    this.names = new Names(map, [...document_.places, ...landmarks]);
    this.streets = new StreetNames(map, document_.roads, document_.names, ink);
    map.on("zoomend", () => this.restyle());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle());
    this.restyle();
  }

  #add(shapes, style, make = L.polyline) {
    const layer = make(shapes, {
      renderer: this.canvas, pane: "base", interactive: false, smoothFactor: 0.6,
      lineCap: "round", lineJoin: "round", ...style(this.map.getZoom()),
    });
    this.layers.push({ layer: layer.addTo(this.map), style });
  }

  #pixels(metres, zoom) {
    const latitude = this.map.getCenter().lat * (Math.PI / 180);
    return (metres * 2 ** zoom) / (EARTH_PIXEL * Math.cos(latitude));
  }

  restyle() {
    const zoom = this.map.getZoom();
    for (const { layer, style } of this.layers) {
      const wanted = style(zoom);
      layer.setStyle({ ...wanted, stroke: wanted.stroke !== false && wanted.weight !== 0 });
    }
    this.streets.draw(this.names.arrange());
  }
}

/** Houses are drawn as short strokes, as wide as they are long. */
function housesLayer(shapes, options) {
  const wide = shapes.map(([[lat, lon]]) => [[lat, lon - 8e-5], [lat, lon + 8e-5]]);
  return L.polyline(wide, { ...options, noClip: true });
}

/** From afar only main roads have a casing; the others would look embossed. */
const hasCasing = (road, zoom) => zoom >= (isMain(road) ? road.from : 12.25);

function colourOf(road, zoom) {
  if (isMain(road)) return "--main-road";
  if (!road.casing) return "--track";
  return hasCasing(road, zoom) ? "--road" : "--far-road";
}

const isMain = ({ name }) => ["secondary", "primary", "trunk"].includes(name);

const width = (road, zoom) => Math.max(0.7, road.width * 1.42 ** (zoom - 13));

/** A colour of the style sheet as it is now, light or dark. */
export function ink(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

const flipped = (ring) => ring.map(([lon, lat]) => [lat, lon]);

function rings(geometry) {
  const polygons = geometry.type === "MultiPolygon" ? geometry.coordinates : [geometry.coordinates];
  return polygons.map(([outer]) => flipped(outer));
}

/** All the world but the region. */
function outside(geometry) {
  const world = [[-85, -180], [-85, 180], [85, 180], [85, -180]];
  return [world, ...rings(geometry)];
}

/** Names of places; where two would overlap, the larger place keeps its name. */
class Names {
  constructor(map, places) {
    this.map = map;
    this.entries = places
      .filter(({ rank }) => RANKS.includes(rank))
      .sort((a, b) => RANKS.indexOf(a.rank) - RANKS.indexOf(b.rank) || b.population - a.population)
      .map((place) => ({ place, marker: nameMarker(place).addTo(map) }));
  }

  /** Show the names that have room; return the boxes they take. */
  arrange() {
    const zoom = this.map.getZoom();
    const taken = [];
    for (const { place, marker } of this.entries) {
      const element = marker.getElement();
      const { x, y } = this.map.project([place.lat, place.lon], zoom);
      const half = { x: place.name.length * 4.4 + 8, y: place.rank === "town" ? 13 : 11 };
      const free = taken.every((other) =>
        Math.abs(other.x - x) > other.half.x + half.x || Math.abs(other.y - y) > other.half.y + half.y);
      const shown = zoom >= (FROM_ZOOM[place.rank] ?? 14) && free;
      element.hidden = !shown;
      if (shown) taken.push({ x, y, half });
    }
    return taken;
  }
}

function nameMarker({ lat, lon, name, rank }) {
  const label = document.createElement("span");
  label.textContent = name;
  const icon = L.divIcon({ className: `place place-${rank}`, html: label, iconSize: [0, 0] });
  return L.marker([lat, lon], { icon, interactive: false, keyboard: false, zIndexOffset: -1000 });
}
