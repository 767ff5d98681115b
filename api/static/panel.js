/** The panel beside the map: the clock, the day in figures, and every vehicle in words. */
import { upcoming } from "./tours.js";
import { colourClass, number, words } from "./words.js";

const HALTS_SHOWN = 3;

const byId = (id) => document.getElementById(id);
const copy = (id) => byId(id).content.firstElementChild.cloneNode(true);

function write(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

export class Panel {
  constructor(region, times, onFind) {
    this.times = times;
    this.cards = new Map(region.vehicles.map((vehicle) => [vehicle.id, this.#card(vehicle, onFind)]));
    const fold = byId("fold");
    fold.addEventListener("click", () => {
      const open = fold.getAttribute("aria-expanded") !== "true";
      fold.setAttribute("aria-expanded", String(open));
      fold.setAttribute("aria-label", open ? words.close_details : words.open_details);
      byId("panel").classList.toggle("open", open);
    });
  }

  #card(vehicle, onFind) {
    const card = copy("vehicle-card");
    card.classList.add(colourClass(vehicle.number));
    card.querySelector(".vehicle-name").textContent = vehicle.name;
    card.querySelector(".electric").toggleAttribute("hidden", !vehicle.electric);
    const badge = card.querySelector(".badge");
    badge.textContent = vehicle.number;
    badge.setAttribute("aria-label", `${vehicle.name}: ${badge.title}`);
    badge.addEventListener("click", () => onFind(vehicle.id));
    const seats = Math.max(...vehicle.layouts.map((layout) => layout.seats));
    card.querySelector(".seats").append(...Array.from({ length: seats }, () => document.createElement("i")));
    byId("vehicles").append(card);
    return { card, seats };
  }

  clock(now, pace) {
    write(byId("clock"), this.times.clock(now));
    write(byId("day"), this.times.day(now));
    const fast = byId("pace");
    fast.hidden = pace < 2;
    write(fast, `${words.fast_clock} ${pace < 10 ? Math.round(pace) : Math.round(pace / 5) * 5}×`);
  }

  figures(day) {
    for (const key of ["booked", "served", "refused", "kilometres"]) {
      write(byId(`figure-${key}`), number(day[key]));
    }
    const judged = day.promises_kept + day.promises_broken;
    write(byId("figure-kept"), `${number(day.promises_kept)} / ${number(judged)}`);
    byId("kept").hidden = judged === 0;
    byId("kept").classList.toggle("broken", day.promises_broken > 0);
  }

  vehicles(vehicles, tours, now) {
    for (const vehicle of vehicles) {
      const { card, seats } = this.cards.get(vehicle.id);
      const { seats: seated, wheelchairs } = vehicle.on_board;
      card.classList.toggle("resting", vehicle.status === "off_duty");
      write(card.querySelector(".status"), statusOf(vehicle));
      write(card.querySelector(".load-words"), `${seated + wheelchairs} ${words.on_board}`);
      card.querySelectorAll(".seats i").forEach((seat, index) => seat.classList.toggle("taken", index < Math.min(seated + wheelchairs, seats)));
      this.#halts(card.querySelector(".halts"), tours.filter((tour) => tour.vehicle === vehicle.id), now);
    }
  }

  #halts(list, tours, now) {
    const next = tours.flatMap((tour) => upcoming(tour, now)).slice(0, HALTS_SHOWN);
    const key = next.map((stand) => [stand.name, stand.arrival, stand.getting_on, stand.getting_off].join()).join(";");
    if (list.dataset.key === key) return;
    list.dataset.key = key;
    list.replaceChildren(...next.map((stand) => this.#halt(stand)));
  }

  #halt(stand) {
    const line = copy("halt-line");
    line.querySelector("time").textContent = this.times.clock(stand.arrives);
    line.querySelector(".halt-name").textContent = stand.name;
    const moves = [[stand.getting_on, words.on], [stand.getting_off, words.off]].filter(([count]) => count);
    line.querySelector(".moves").textContent = moves.map(([count, word]) => `${count} ${word}`).join(", ");
    return line;
  }
}

function statusOf({ status, at, next_halt: next }) {
  if (status === "off_duty") return words.off_duty;
  if (status === "driving") return next ? `${words.driving_to} ${next.name}` : "";
  return `${words.waiting_at} ${at}`;
}
