/** Stops on the map: dots that tell their name. */
import { ink } from "./base_map.js";
import { asText } from "./words.js";

const { L } = window;

const FROM_ZOOM = 12.5;

export class StopLayer {
  constructor(map, stops) {
    this.map = map;
    map.createPane("stops").style.zIndex = 420;
    const canvas = L.canvas({ pane: "stops", padding: 0.4, tolerance: 4 });
    this.dots = stops.map((stop) =>
      L.circleMarker([stop.lat, stop.lon], { renderer: canvas, pane: "stops", fillOpacity: 1, weight: 1.5 })
        .bindTooltip(label(stop), { direction: "top", offset: [0, -4] }));
    this.group = L.layerGroup(this.dots);
    map.on("zoomend", () => this.restyle());
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.restyle());
    this.restyle();
  }

  restyle() {
    const zoom = this.map.getZoom();
    if (zoom < FROM_ZOOM) {
      this.group.remove();
      return;
    }
    for (const dot of this.dots) {
      dot.setStyle({ color: ink("--accent"), fillColor: ink("--surface") });
      dot.setRadius(Math.min(2 + (zoom - FROM_ZOOM) * 1.1, 6));
    }
    this.group.addTo(this.map);
  }
}

function label({ name, village }) {
  return asText(!village || name.includes(village) ? name : `${name}, ${village}`);
}
