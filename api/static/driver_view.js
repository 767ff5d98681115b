/** Draws the driver's page: the next halt large, the others below; every button is a tap. */
import { anybodyOn, getsOff, getsOn, givenUpFrom, keyOf, whoWaits } from "./driver_tour.js";
import { euros, words } from "./words.js";

/** Return an element; `to` has its attributes, and functions for what happens. */
export function el(name, to = {}, ...inside) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(to)) {
    if (typeof value === "function") made.addEventListener(key, value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...inside.filter((each) => each !== null && each !== false && each !== undefined && each !== ""));
  return made;
}

function icon(name) {
  const drawn = document.createElementNS("http://www.w3.org/2000/svg", "svg");
  drawn.setAttribute("class", "icon");
  drawn.setAttribute("aria-hidden", "true");
  const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  use.setAttribute("href", `#icon-${name}`);
  drawn.append(use);
  return drawn;
}

export const fill = (text, facts) => text.replace(/{(\w+)}/g, (blank, name) => facts[name] ?? blank);

const several = (one, many, number) => (number === 1 ? words[one] : fill(words[many], { number }));

export const called = (party) => party.name || `${party.code.slice(0, 4)} ${party.code.slice(4)}`;

/** Return what a halt is called, its village included. */
export const placed = (halt) => [halt.name, halt.village].filter(Boolean).join(", ");

function button(text, key, look, click, more = {}) {
  return el("button", { type: "button", class: `drive-button ${look}`, "data-key": key, click, ...more }, ...[text].flat());
}

export class View {
  #times;
  #acts;
  #sketches = new Map();
  #waitSeconds;

  /** `acts` has what buttons do: tap, take back, choose, ask, answer. */
  constructor(times, waitSeconds, acts) {
    this.#times = times;
    this.#waitSeconds = waitSeconds;
    this.#acts = acts;
  }

  #clock(time) {
    return this.#times.clock(typeof time === "number" ? time : Date.parse(time));
  }

  /** Return what the stage shows. */
  stage(state) {
    const { tour, shown, rest, now, sure, back } = state;
    if (tour.ended) return [el("section", { class: "drive-card over" }, el("h2", {}, words.ended))];
    if (tour.resting_since) return [this.#resting(tour), this.#list(rest)];
    if (!tour.started) return [this.#start(tour, now), this.#list([...(shown ? [shown] : []), ...rest])];
    if (!shown) return [this.#end(tour)];
    const card = shown.kind === "break" ? this.#break(shown, tour) : this.#stop(shown, now, sure);
    return [back && button(words.to_next, "back", "quiet", () => this.#acts.choose(null)), card, this.#list(rest, tour)].filter(Boolean);
  }

  #head(halt, label) {
    return el("div", { class: "drive-when" },
      el("p", { class: "drive-label" }, label),
      el("p", { class: "drive-time" }, el("time", { datetime: halt.arrival }, this.#clock(halt.arrival))),
      halt.leave && !halt.arrived && el("p", { class: "drive-leave" }, fill(words.leave, { time: this.#clock(halt.leave) })));
  }

  #stop(halt, now, sure) {
    return el("section", { class: "drive-card next", "aria-labelledby": "next-name" },
      this.#head(halt, halt.arrived ? fill(words.arrived_at, { time: this.#clock(halt.arrived) }) : words.next),
      el("h2", { id: "next-name", class: "drive-name" }, halt.name, halt.village && el("span", { class: "drive-village" }, halt.village)),
      el("ul", { class: "drive-people" },
        ...halt.getting_off.map((party) => this.#off(halt, party)),
        ...halt.getting_on.map((party) => this.#on(halt, party, now, sure))),
      !halt.arrived && this.#sketch(halt.sketch));
  }

  /** Return what is always in reach of a thumb: that the vehicle is there. */
  foot({ tour, shown }) {
    if (!tour.started || tour.ended || tour.resting_since || shown?.kind !== "stop" || shown.arrived) return [];
    return [button(words.arrived, "arrived", "go", () => this.#acts.tap("arrived", { booking: whoWaits(shown).code }))];
  }

  /** Return what takes back the last tap, for as long as that is possible. */
  undo(tap) {
    if (!tap) return [];
    return [button([el("span", { class: "drive-undo" }, words.undo), el("span", {}, [words[TAPPED[tap.kind]], tap.who].filter(Boolean).join(": "))],
      "undo", "", () => this.#acts.takeBack(tap.id))];
  }

  #party(party, does) {
    const aids = [
      party.wheelchairs && ["wheelchair", several("wheelchair", "wheelchairs", party.wheelchairs)],
      party.child_seats && ["child", several("child_seat", "child_seats", party.child_seats)],
    ].filter(Boolean);
    return [
      el("p", { class: "drive-who" }, el("strong", {}, called(party)), " ", el("span", { class: "drive-does" }, words[does])),
      el("p", { class: "drive-aids" }, el("span", { class: "drive-chip plain" }, several("adult_one", "adult_many", party.passengers)),
        ...aids.map(([name, text]) => el("span", { class: "drive-chip" }, icon(name), ` ${text}`))),
    ];
  }

  #off(halt, party) {
    const open = getsOff(party);
    return el("li", { class: open ? "off" : "off done" },
      ...this.#party(party, "gets_off"),
      el("p", { class: "drive-small" }, fill(words.window_off, { end: this.#clock(party.latest) }),
        party.walk_metres > 0 && ` · ${fill(words.walk_from, { metres: party.walk_metres })}`),
      open && halt.arrived && button(words.off, `off ${party.code}`, "go", () => this.#acts.tap("dropped_off", { booking: party.code })),
      !open && el("p", { class: "drive-done" }, icon("kept"), ` ${words.off}`));
  }

  #on(halt, party, now, sure) {
    const open = getsOn(party);
    return el("li", { class: open ? "on" : "on done" },
      ...this.#party(party, "gets_on"),
      el("p", { class: "drive-fare" }, ...(party.cents ? [`${words.collect} `, el("strong", {}, euros(party.cents))] : [words.free])),
      el("p", { class: "drive-small" }, fill(words.window, { begin: this.#clock(party.earliest), end: this.#clock(party.latest) }),
        party.walk_metres > 0 && ` · ${fill(words.walk_to, { metres: party.walk_metres })}`),
      ...(open && halt.arrived ? this.#boarding(halt, party, now, sure) : []),
      !open && el("p", { class: "drive-done" }, icon("kept"), ` ${party.status === "no_show" ? words.no_show : words.on}`));
  }

  #boarding(halt, party, now, sure) {
    const from = givenUpFrom(halt, party, this.#waitSeconds);
    const on = button(words.on, `on ${party.code}`, "go", () => this.#acts.tap("picked_up", { booking: party.code }));
    if (sure === party.code) {
      return [on, el("p", { class: "drive-sure" }, words.no_show_sure), el("div", { class: "drive-pair" },
        button(words.yes, `yes ${party.code}`, "bad", () => this.#acts.tap("no_show", { booking: party.code })),
        button(words.no, `no ${party.code}`, "", () => this.#acts.ask(null)))];
    }
    if (now < from) return [on, el("p", { class: "drive-small" }, fill(words.no_show_from, { time: this.#clock(from + 59_999) }))];
    return [on, button(words.no_show, `not ${party.code}`, "quiet", () => this.#acts.ask(party.code))];
  }

  #break(halt, tour) {
    return el("section", { class: "drive-card next", "aria-labelledby": "next-name" },
      this.#head(halt, words.next),
      el("h2", { id: "next-name", class: "drive-name" }, icon("cup"), ` ${words.break}, ${fill(words.break_minutes, halt)}`),
      el("p", { class: "drive-small" }, halt.name),
      button(words.start_break, "break", "go", () => this.#acts.tap("break_started"), { disabled: anybodyOn(tour) }));
  }

  #resting(tour) {
    return el("section", { class: "drive-card next rest" },
      el("h2", { class: "drive-name" }, icon("cup"), ` ${words.break}`),
      el("p", { class: "drive-time" }, fill(words.break_since, { time: this.#clock(tour.resting_since) })),
      button(words.end_break, "break", "go", () => this.#acts.tap("break_ended")));
  }

  #start(tour, now) {
    const soonest = Date.parse(tour.begin) - 2 * 3600_000;
    return this.#odometer(tour, "started", words.start_shift, `${this.#clock(tour.begin)} – ${this.#clock(tour.end)}`, now < soonest && soonest);
  }

  #end(tour) {
    return this.#odometer(tour, "ended", words.end_shift, this.#clock(tour.end), false);
  }

  #odometer(tour, kind, text, times, soonest) {
    const field = (id, label, most) => el("p", {}, el("label", { for: id }, label),
      el("input", { class: "drive-input", id, name: id, type: "text", inputmode: "numeric", pattern: `[0-9]{1,${most}}`, autocomplete: "off", "data-key": id }));
    return el("form", { class: "drive-card next", submit: (event) => this.#tell(event, tour, kind) },
      el("p", { class: "drive-name" }, times),
      field("odometer", words.odometer, 7),
      tour.electric && field("charge", words.charge, 3),
      el("p", { class: "drive-wrong", id: "less", role: "alert", hidden: true }, words.odometer_less),
      soonest && el("p", { class: "drive-small" }, fill(words.not_yet, { time: this.#clock(soonest) })),
      el("button", { class: "drive-button go", type: "submit", "data-key": kind, disabled: Boolean(soonest) }, text));
  }

  #tell(event, tour, kind) {
    event.preventDefault();
    const shown = {};
    for (const [name, text] of new FormData(event.target)) if (text) shown[name] = Number(text);
    const less = shown.odometer < (tour.odometer ?? 0);
    document.getElementById("less").hidden = !less;
    if (!less) this.#acts.tap(kind, { ...shown, charge: shown.charge === undefined ? undefined : Math.min(shown.charge, 100) });
  }

  #list(halts, tour) {
    if (halts.length === 0) return "";
    return el("section", { class: "drive-rest", "aria-labelledby": "then" }, el("h2", { id: "then", class: "drive-label" }, words.then),
      el("ol", {}, ...halts.map((halt) => el("li", {}, this.#line(halt, tour)))));
  }

  #line(halt, tour) {
    const inside = [el("time", { datetime: halt.arrival }, this.#clock(halt.arrival)),
      el("span", { class: "drive-where" }, halt.kind === "break" ? `${words.break}, ${fill(words.break_minutes, halt)}` : placed(halt),
        el("span", { class: "drive-small" }, ...this.#summary(halt)))];
    return tour ? button(inside, `line ${keyOf(halt)}`, "line", () => this.#acts.choose(keyOf(halt))) : el("div", { class: "line" }, ...inside);
  }

  #summary(halt) {
    const on = halt.getting_on.filter(getsOn);
    const off = halt.getting_off.filter(getsOff);
    const text = [
      on.length && `+ ${on.map(called).join(", ")}`,
      off.length && `− ${off.map(called).join(", ")}`,
      [...on, ...off].some((each) => each.wheelchairs) && words.wheelchair,
      on.some((each) => each.child_seats) && words.child_seat,
    ];
    return [text.filter(Boolean).join(" · ")];
  }

  #sketch(address) {
    const frame = el("div", { class: "drive-sketch" });
    const known = this.#sketches.get(address);
    if (known) frame.append(known);
    else this.load(address).then((drawn) => drawn && frame.replaceChildren(drawn));
    return frame;
  }

  /** Fetch a small map, so that it is there when there is no network. */
  async load(address) {
    if (this.#sketches.has(address)) return this.#sketches.get(address);
    const answer = await fetch(address).catch(() => null);
    if (!answer?.ok) return null;
    // The first time the service worker may not be there yet to do it.
    if ("caches" in window) await (await caches.open("drive")).put(address, answer.clone());
    const drawn = new DOMParser().parseFromString(await answer.text(), "text/html").querySelector("svg");
    if (drawn) this.#sketches.set(address, document.importNode(drawn, true));
    return this.#sketches.get(address) ?? null;
  }

  /** Return new rides, rides that are gone, and what was not accepted, each to be closed. */
  alarms({ fresh, gone, refused }) {
    return [
      ...fresh.map(({ halt, party }) => el("section", { class: "drive-card alarm" },
        el("h2", {}, words.new_ride),
        el("p", { class: "drive-time" }, this.#clock(halt.arrival)),
        el("p", { class: "drive-name" }, placed(halt)),
        ...this.#party(party, "gets_on"),
        button(words.acknowledge, `seen ${party.code}`, "go", () => this.#acts.seen(party.code)))),
      ...gone.map((each) => el("section", { class: "drive-card alarm" },
        el("h2", {}, words.gone),
        el("p", { class: "drive-name" }, `${this.#clock(each.time)} ${each.who}`),
        el("p", {}, each.where),
        button(words.acknowledge, `gone ${each.code}`, "go", () => this.#acts.parted(each.code)))),
      ...refused.map((each) => el("section", { class: "drive-card alarm refused" },
        el("h2", {}, words.not_sent),
        el("p", { class: "drive-name" }, `${this.#clock(each.happened_at)} ${words[TAPPED[each.kind]] ?? ""} ${each.who ?? ""}`.trim()),
        el("p", {}, each.message),
        button(words.close, `refused ${each.id}`, "", () => this.#acts.close(each.id)))),
    ];
  }
}

const TAPPED = {
  arrived: "arrived", picked_up: "on", dropped_off: "off", no_show: "no_show", started: "start_shift",
  ended: "end_shift", break_started: "start_break", break_ended: "end_break", acknowledged: "acknowledge",
  taken_back: "undo",
};
