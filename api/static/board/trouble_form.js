/** The form for trouble: shows the fields of its kind, and asks what it would change. */
import { words } from "../words.js";
import { byId, day, notify, part } from "./parts.js";

/** As many as the service takes. */
const MOST_POINTS = 20;

export class TroubleForm {
  constructor(model, times, acting, pickOnMap) {
    Object.assign(this, { model, times, acting, points: [] });
    this.dialog = byId("trouble");
    this.form = byId("trouble-form");
    byId("open-trouble").addEventListener("click", () => {
      this.#shifts();
      this.dialog.showModal();
    });
    byId("trouble-cancel").addEventListener("click", () => this.dialog.close());
    byId("kind").addEventListener("change", () => this.#arrange());
    byId("pick").addEventListener("click", () => this.#pick(pickOnMap));
    byId("unpick").addEventListener("click", () => this.#draw([]));
    this.form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#ask();
    });
    this.#arrange();
  }

  #arrange() {
    const kind = byId("kind").value;
    for (const each of this.form.querySelectorAll("[data-for]")) each.hidden = !each.dataset.for.split(" ").includes(kind);
    for (const each of ["from", "until"]) byId(each).required = kind === "rest";
  }

  /** Offer the shifts that are not over. */
  #shifts() {
    const open = [...this.model.tours.values()].filter((each) => each.ends > this.model.now);
    byId("rest-of").replaceChildren(...open.map((each) => part("option", { value: each.shift }, `${each.name}, ${this.times.clock(each.begins)}–${this.times.clock(each.ends)}`)));
  }

  /** A break is set by giving a shift the hours that it has, and other breaks. */
  #rest() {
    const tour = this.model.tours.get(byId("rest-of").value);
    const at = (field) => ({ local: `${day}T${byId(field).value || "00:00"}` });
    return {
      kind: "shift", vehicle: tour.vehicle, shift: tour.shift, from: tour.begin, until: tour.end,
      breaks: [{ from: at("from"), until: at("until"), minutes: Number(byId("minutes").value) }],
    };
  }

  async #pick(pickOnMap) {
    this.dialog.close();
    notify(words.click_road);
    const point = await pickOnMap(this.points);
    if (point) this.#draw([...this.points, { lat: point.lat, lon: point.lng }].slice(0, MOST_POINTS));
    this.dialog.showModal();
    byId("pick").focus();
  }

  /** Keep the points of the closed road, and say which they are. */
  #draw(points) {
    this.points = points;
    byId("picked").textContent = points.map(({ lat, lon }) => `${lat.toFixed(4)}, ${lon.toFixed(4)}`).join(" · ");
    byId("pick").textContent = words[points.length ? "further_point" : "first_point"];
    byId("unpick").hidden = !points.length;
  }

  #body() {
    const kind = byId("kind").value;
    if (kind === "rest") return this.#rest();
    const body = { kind };
    const own = { vehicle_out: ["vehicle"], shift: ["vehicle"], stop_closed: ["stop"], slower: [], road_closed: [] }[kind];
    for (const each of own) body[each] = byId(each).value;
    if (kind === "slower") body.factor = Number(byId("factor").value);
    if (kind === "road_closed") body.points = this.points;
    for (const each of ["from", "until"]) {
      if (byId(each).value) body[each] = { local: `${day}T${byId(each).value}` };
    }
    return body;
  }

  async #ask() {
    const title = byId("kind").selectedOptions[0].textContent;
    await this.acting.run(async () => {
      await this.acting.trouble(this.#body(), title);
      this.dialog.close();
      this.#draw([]);
    });
  }
}
