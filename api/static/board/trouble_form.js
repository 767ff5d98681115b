/** The form for trouble: shows the fields of its kind, and asks what it would change. */
import { words } from "../words.js";
import { byId, day, notify, part, Refused } from "./parts.js";

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
    const { lat, lng } = await pickOnMap();
    this.points = [{ lat, lon: lng }];
    byId("picked").textContent = `${lat.toFixed(4)}, ${lng.toFixed(4)}`;
    this.dialog.showModal();
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
    try {
      await this.acting.trouble(this.#body(), title);
      this.dialog.close();
    } catch (error) {
      if (!(error instanceof Refused)) throw error;
      notify(error.problem.title);
    }
  }
}
