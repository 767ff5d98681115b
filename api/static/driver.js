/**
 * The driver's page: shows one shift, takes taps and positions, and keeps going without a network.
 *
 * Taps are kept on the phone with their time, shown at once, and sent in order when there is a
 * network; what the server makes of them is what counts.
 */
import { Memory, Post, takenOver } from "./driver_post.js";
import { allowSound, ring, stopRinging } from "./driver_ring.js";
import { ahead, keyOf, waiting, withTaps } from "./driver_tour.js";
import { View, called, fill, placed } from "./driver_view.js";
import { ServiceClock } from "./service_clock.js";
import { Times, colourClass, words } from "./words.js";

const EVERY_MS = 10_000;

/** How the phone looks for where it is; what it found longer ago is not sent again. */
const LOOKING = { enableHighAccuracy: true, maximumAge: EVERY_MS, timeout: EVERY_MS / 2 };

const SHELF = "drive";

const facts = JSON.parse(document.getElementById("facts").textContent);
const times = new Times(facts.timeZone);
const clock = new ServiceClock();
await takenOver(facts, rest);
const memory = new Memory(facts.day, facts.shift);
const post = new Post(memory, facts);
const view = new View(times, facts.waitSeconds, { tap, takeBack, choose, ask, seen, parted, close });
const $ = (id) => document.getElementById(id);

let chosen = null;
let sure = null;
let drawn = "";
let drawnAt = "";
let watching = null;
let screenOn = null;
let running = null;
let next = null;
let resting = false;

// ------------------------------------------------------------------------------------- the clock

/** The phone's clock runs on while the page is loaded anew; what it shows may be wrong. */
const opened = Date.now();

clock.observe(memory.shown || opened, memory.shown ? memory.at - opened : 0);

function heard(time) {
  memory.shown = time;
  memory.at = Date.now();
  clock.observe(memory.shown, memory.at - opened);
}

const now = () => clock.now(Date.now() - opened);

// ------------------------------------------------------------------------------------------ taps

function tap(kind, more = {}) {
  sure = null;
  chosen = kind === "arrived" ? null : chosen;
  post.tap(kind, now(), more, partyOf(shownTour(), more.booking)?.status);
  allowSound();
  draw();
  exchange();
}

function takeBack(id) {
  const tap = memory.taps.find((each) => each.id === id);
  if (!tap) return;
  sure = null;
  chosen = null;
  memory.back = [...new Set([...memory.back, tap.booking])];
  post.takeBack(tap, now());
  draw();
  exchange();
}

/** The last tap, if it is not too late to take it back. */
function undoable(tour) {
  const last = memory.taps.at(-1);
  const late = !last || tour.ended || now() - Date.parse(last.happened_at) > facts.takeBackSeconds * 1000;
  return late ? null : { ...last, who: last.kind === "arrived" ? "" : whoIs(tour, last.booking) };
}

function choose(key) {
  chosen = key;
  sure = null;
  draw();
  scrollTo({ top: 0 });
}

function ask(code) {
  sure = code;
  draw();
}

function seen(code) {
  memory.fresh = memory.fresh.filter((each) => each !== code);
  tap("acknowledged", { booking: code });
}

function parted(code) {
  memory.gone = memory.gone.filter((each) => each.code !== code);
  memory.save();
  draw();
}

function close(id) {
  memory.refused = memory.refused.filter((each) => each.id !== id);
  memory.save();
  draw();
  exchange();
}

/** Another page of this shift has taken over: this one does nothing until it is loaded anew. */
function rest() {
  resting = true;
  memory.letGo();
  stopRinging();
  follow(null);
}

// -------------------------------------------------------------------------------- to and from the server

/** Send and fetch, one time after the other: an older answer would tell of rides that are known. */
function exchange() {
  if (resting) return null;
  next ??= Promise.resolve(running).then(() => {
    next = null;
    running = exchangeOnce();
    return running;
  });
  return next;
}

async function exchangeOnce() {
  await post.send();
  if (await post.fetch(heard)) compare();
  draw();
  if (over()) await finish();
}

/** Whether nothing is to be driven, sent or read any more. */
const over = () => Boolean(memory.tour?.ended) && memory.queue.length + memory.refused.length === 0;

/** Note who joined the tour and who left it since the driver looked last. */
function compare() {
  const coming = waiting(memory.tour);
  const before = memory.known;
  if (before && memory.tour.started) {
    const joined = [...coming.keys()].filter((code) => !(code in before) && !memory.back.includes(code));
    memory.fresh = [...new Set([...memory.fresh, ...joined])].filter((code) => coming.has(code));
    const left = Object.entries(before).filter(([code]) => !isInTour(code));
    memory.gone = [...memory.gone, ...left.map(([code, each]) => ({ code, ...each }))];
  }
  // Whoever waits again by now is known again, and would be new if they left and came back.
  memory.back = memory.back.filter((code) => !coming.has(code));
  memory.known = Object.fromEntries([...coming].map(([code, { halt, party }]) =>
    [code, { who: called(party), where: placed(halt), time: halt.arrival }]));
  memory.save();
  for (const halt of ahead(memory.tour)) if (halt.kind === "stop") view.load(halt.sketch);
}

const isInTour = (code) => memory.tour.halts.some((halt) => halt.getting_on.some((party) => party.code === code));

/** The shift is over: the phone forgets everybody it knew. */
async function finish() {
  const { tour } = memory;
  memory.forget();
  memory.tour = tour;
  if ("caches" in window) await caches.delete(SHELF);
}

// ------------------------------------------------------------------------------------- the position

function follow(tour) {
  const driving = Boolean(tour?.started && !tour.ended);
  if (driving && watching === null && "geolocation" in navigator) {
    // Watched, so that the phone keeps looking for where it is; asked at each beat.
    watching = navigator.geolocation.watchPosition(() => {}, () => {}, LOOKING);
  }
  if (!driving && watching !== null) {
    navigator.geolocation.clearWatch(watching);
    watching = null;
  }
  keepScreenOn(driving);
}

async function keepScreenOn(on) {
  if (on && !screenOn && "wakeLock" in navigator && document.visibilityState === "visible") {
    screenOn = await navigator.wakeLock.request("screen").catch(() => null);
    screenOn?.addEventListener("release", () => { screenOn = null; });
  }
  if (!on) screenOn?.release();
}

function beat() {
  if (over()) return;
  if (watching === null) {
    exchange();
    return;
  }
  navigator.geolocation.getCurrentPosition(({ coords }) => {
    post.see(now(), coords.latitude, coords.longitude);
    exchange();
  }, () => exchange(), LOOKING);
}

// -------------------------------------------------------------------------------------- drawing

/** The tour with what was tapped since. */
const shownTour = () => memory.tour && withTaps(memory.tour, [...memory.sent, ...memory.queue]);

function draw() {
  if (resting) return;
  const tour = shownTour();
  follow(tour);
  drawBar(tour);
  if (!tour) return;
  const halts = ahead(tour);
  const shown = halts.find((halt) => keyOf(halt) === chosen) ?? halts[0];
  const state = {
    tour, shown, rest: halts.filter((halt) => halt !== shown), now: now(), sure, back: shown !== halts[0],
  };
  const coming = waiting(tour);
  const alarms = {
    fresh: memory.fresh.filter((code) => coming.has(code)).map((code) => coming.get(code)),
    gone: memory.gone,
    refused: memory.refused.map((each) => ({ ...each, who: whoIs(tour, each.booking) })),
  };
  if (alarms.fresh.length) ring();
  else stopRinging();
  $("way").hidden = !shown || Boolean(tour.ended);
  if (shown) $("way").href = `geo:${shown.lat},${shown.lon}?q=${shown.lat},${shown.lon}(${encodeURIComponent(placed(shown))})`;
  $("leave").hidden = !over();
  // Drawn anew only when something is different, so that nothing moves under a finger.
  const mistaken = undoable(tour);
  const signature = JSON.stringify([{ ...state, now: Math.floor(state.now / 15_000) }, alarms, mistaken]);
  if (signature === drawn) return;
  drawn = signature;
  keepingFocus(() => {
    $("alarms").replaceChildren(...view.alarms(alarms));
    $("stage").replaceChildren(...view.stage(state));
    $("undo").replaceChildren(...view.undo(mistaken));
    $("act").replaceChildren(...view.foot(state));
  });
  const at = shown ? keyOf(shown) : "";
  if (at !== drawnAt) scrollTo({ top: 0 });
  drawnAt = at;
}

function whoIs(tour, code) {
  const party = partyOf(tour, code);
  return party ? called(party) : code ?? "";
}

/** A party of a tour by its code; undefined if it has none. */
function partyOf(tour, code) {
  return tour?.halts.flatMap((halt) => [...halt.getting_on, ...halt.getting_off]).find((each) => each.code === code);
}

/** What was typed, and where the focus is, outlast a drawing. */
function keepingFocus(change) {
  const key = document.activeElement?.dataset?.key;
  const typed = [...document.querySelectorAll("#stage input")].map((each) => [each.id, each.value]);
  change();
  for (const [id, value] of typed) if ($(id)) $(id).value = value;
  if (key) document.querySelector(`[data-key="${CSS.escape(key)}"]`)?.focus({ preventScroll: true });
}

function drawBar(tour) {
  $("clock").textContent = times.clock(now());
  if (tour) {
    $("vehicle").textContent = tour.vehicle;
    $("badge").textContent = tour.number;
    $("badge").className = `badge ${colourClass(tour.number)}`;
  }
  const number = memory.queue.length;
  const toSend = number && (number === 1 ? words.unsent_one : fill(words.unsent_many, { number }));
  const state = post.signedOut ? words.signed_out : post.online ? words.online : words.offline;
  const said = [state, toSend].filter(Boolean).join(" · ");
  $("net").className = post.signedOut || !post.online ? "drive-net away" : "drive-net";
  $("net").dataset.unsent = number;
  if ($("net").textContent !== said) $("net").textContent = said;
}

// --------------------------------------------------------------------------------------- without a network

async function keepPage() {
  if (!("serviceWorker" in navigator)) return;
  await navigator.serviceWorker.register("/drive/worker.js", { scope: "/drive" });
  await navigator.serviceWorker.ready;
  const parts = [...document.querySelectorAll("link[href], script[src]")].map((each) => each.href ?? each.src);
  const shelf = await caches.open(SHELF);
  await shelf.addAll([location.pathname + location.search, ...new Set(parts)]);
  document.documentElement.dataset.kept = "yes";
}

/** A link with a code opens another shift, or this one again; a used code leaves all as it is. */
async function openLinked() {
  const code = decodeURIComponent(location.hash.slice(1));
  if (!code) return;
  history.replaceState(null, "", location.pathname + location.search);
  await post.send();
  const answer = await fetch("/api/v1/session/driver", {
    method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify({ code }),
  }).catch(() => null);
  if (answer?.ok) location.replace("/drive" + location.search);
}

draw();
openLinked().then(exchange);
setInterval(beat, EVERY_MS);
setInterval(draw, 1000);
addEventListener("online", exchange);
addEventListener("offline", () => { post.online = false; draw(); });
addEventListener("hashchange", openLinked);
document.addEventListener("visibilitychange", () => { if (!document.hidden) exchange(); });
keepPage().catch(() => {});
