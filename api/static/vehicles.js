/** Vehicles on the map: between two answers of the server they go on along the road. */
import { asText, colourClass } from "./words.js";

const { L } = window;

export class VehicleLayer {
  /** With `load`, each shows how many people are on board; `onVehicle` is told which is clicked. */
  constructor(map, { load = false, onVehicle = null } = {}) {
    Object.assign(this, { map, load, onVehicle });
    this.known = new Map();
    this.still = matchMedia("(prefers-reduced-motion: reduce)");
  }

  /** Take in where the vehicles are at a time (ms), and where they will be. */
  observe(vehicles, now) {
    const here = new Set(vehicles.map(({ id }) => id));
    for (const [id, { shown }] of this.known) if (!here.has(id)) shown.remove();
    this.known = new Map([...this.known].filter(([id]) => here.has(id)));
    for (const vehicle of vehicles) {
      const before = this.known.get(vehicle.id);
      const shown = before?.shown ?? this.#marker(vehicle).addTo(this.map);
      if (this.load) showLoad(shown, vehicle);
      const way = vehicle.ahead.map(([seconds, lat, lon]) => ({ time: now + seconds * 1000, lat, lon }));
      this.known.set(vehicle.id, { shown, way, vehicle });
      shown.getElement().classList.toggle("resting", vehicle.status === "off_duty");
      if (this.still.matches || way.length < 2) place(shown, vehicle, vehicle.heading, vehicle.status === "driving");
    }
    this.#sideBySide();
  }

  #marker(vehicle) {
    const marker = vehicleMarker(vehicle);
    return this.onVehicle ? marker.on("click", () => this.onVehicle(vehicle.id)) : marker;
  }

  /** Vehicles that wait at the same place stand beside each other. */
  #sideBySide() {
    const beside = new Map();
    for (const { shown, vehicle } of this.known.values()) {
      const place = vehicle.at ?? vehicle.id;
      const before = beside.get(place) ?? 0;
      beside.set(place, before + 1);
      shown.getElement().style.setProperty("--beside", before);
    }
  }

  /** Move every vehicle to where it is at a time (ms). */
  follow(now) {
    if (this.still.matches) return;
    for (const { shown, way, vehicle } of this.known.values()) {
      const index = way.findIndex(({ time }) => time > now);
      if (index < 1) continue;
      const [from, to] = [way[index - 1], way[index]];
      const part = (now - from.time) / (to.time - from.time);
      const driving = from.lat !== to.lat || from.lon !== to.lon;
      const point = { lat: from.lat + part * (to.lat - from.lat), lon: from.lon + part * (to.lon - from.lon) };
      place(shown, point, driving ? bearing(from, to) : vehicle.heading, driving);
    }
  }

  show(id) {
    const vehicle = this.known.get(id);
    if (vehicle) this.map.flyTo(vehicle.shown.getLatLng(), Math.max(this.map.getZoom(), 14), { animate: !this.still.matches });
  }
}

function place(marker, { lat, lon }, heading, driving) {
  marker.setLatLng([lat, lon]);
  const element = marker.getElement();
  element.style.setProperty("--heading", `${heading}deg`);
  element.classList.toggle("driving", driving);
}

/** Write how many people are on board; nothing for an empty vehicle. */
function showLoad(marker, { on_board: { seats, wheelchairs } }) {
  const load = marker.getElement().querySelector(".aboard");
  load.textContent = seats + wheelchairs;
  load.hidden = seats + wheelchairs === 0;
}

/** Degrees clockwise from north; on so short a way the earth is flat. */
function bearing(from, to) {
  const east = (to.lon - from.lon) * Math.cos((from.lat * Math.PI) / 180);
  return (Math.atan2(east, to.lat - from.lat) * 180) / Math.PI;
}

function vehicleMarker(vehicle) {
  const body = document.createElement("div");
  body.className = "vehicle-body";
  body.innerHTML =
    '<svg class="nose" viewBox="-20 -20 40 40"><path d="M-6.5-14.5 0-19.5 6.5-14.5Z"/></svg>' +
    '<svg class="icon"><use href="#icon-bus"/></svg>';
  const number = document.createElement("span");
  number.textContent = vehicle.number;
  const load = document.createElement("span");
  load.className = "aboard";
  load.hidden = true;
  body.append(number, load);
  const icon = L.divIcon({
    className: `vehicle-marker ${colourClass(vehicle.number)}`, html: body, iconSize: [40, 40],
  });
  const marker = L.marker([vehicle.lat, vehicle.lon], { icon, keyboard: false, zIndexOffset: 1000, alt: vehicle.name });
  return marker.bindTooltip(asText(vehicle.name), { direction: "top", offset: [0, -18] });
}
