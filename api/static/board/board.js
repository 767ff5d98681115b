/** The board: one screen for the working day. Puts its views together and keeps them up to date. */
import { ServiceClock } from "../service_clock.js";
import { number, Times, words } from "../words.js";
import { Acting } from "./acting.js";
import { Alerts, troubleOf } from "./alerts.js";
import { Day } from "./day.js";
import { Details } from "./details.js";
import { Live } from "./live.js";
import { byId, notify, timezone, write } from "./parts.js";
import { Past } from "./past.js";
import { RideList } from "./rides.js";
import { Tables } from "./tables.js";
import { Timeline } from "./timeline.js";
import { TroubleForm } from "./trouble_form.js";

const FRAME_MS = 200;

const times = new Times(timezone);
const clock = new ServiceClock();
const model = new Day();
const acting = new Acting(model, times);
let map = null;
const timeline = new Timeline(model, times, clock, (code, to) => model.past || acting.moving.move(code, to));
const tables = new Tables(model, times);
new RideList(model, times);
new Alerts(model, times, (each) => acting.lift(each, troubleOf(model, each)), (ride) => acting.acceptLate(ride));
new Details(model, times, acting);
new TroubleForm(model, times, acting, (points) => map.pick(points));

model.listen((_changed, chosen) => {
  if (chosen && model.selected) timeline.reveal(model.rides.get(model.selected));
  quality(model.figures);
  byId("board").classList.toggle("past", model.past);
  for (const each of ["open-trouble", "undo"]) byId(each).disabled = model.past;
  byId("board").dataset.revision = model.revision;
});

function quality({ rides, kept, broken, at_risk: risk, stranded, kilometres, empty_kilometres: empty, gap_percent: gap }) {
  write(byId("quality-rides"), number(rides));
  write(byId("quality-kept"), kept + broken ? `${number(kept)} / ${number(kept + broken)}` : "–");
  write(byId("quality-risk"), number(risk + 0));
  write(byId("quality-empty"), `${number(empty)} / ${number(kilometres)}`);
  write(byId("quality-gap"), gap === null ? "–" : `≤ ${number(gap)} %`);
  byId("quality-risk").classList.toggle("bad", risk + stranded > 0);
  byId("quality-kept").classList.toggle("bad", broken > 0);
}

function show(tabular) {
  byId("map").hidden = tabular;
  byId("tables").hidden = !tabular;
  byId("show-map").setAttribute("aria-pressed", String(!tabular));
  byId("show-tables").setAttribute("aria-pressed", String(tabular));
  tables.update();
}

byId("show-map").addEventListener("click", () => show(false));
byId("show-tables").addEventListener("click", () => show(true));

const live = new Live(model, times, clock, () => map?.told().catch((error) => console.warn(error)));
new Past(model, times, acting, live, () => {
  timeline.toNow();
  map?.told().catch((error) => console.warn(error));
});

await live.refresh();
if (model.revision !== null) {
  clock.observe(model.now);
  performance.mark("board-drawn");
}

const { BoardMap } = await import("./board_map.js");
map = new BoardMap(model, times, clock);
byId("pick").disabled = false;
map.load().catch((error) => {
  console.warn(error);
  notify(words.no_connection);
});

/** Clock, now-line and vehicles go on between two events. */
function frame() {
  if (!document.hidden && model.revision !== null) {
    const now = clock.now();
    write(byId("clock"), times.clock(now));
    byId("pace").hidden = clock.pace < 2;
    write(byId("pace"), `${words.fast_clock} ${Math.round(clock.pace)}×`);
    if (Math.abs(now - (frame.drawn ?? 0)) > 5_000) {
      frame.drawn = now;
      timeline.draw();
    }
    map.animate();
  }
  setTimeout(frame, FRAME_MS);
}
frame();
