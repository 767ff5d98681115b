/**
 * The phone desk's keys, and how a line is understood while it is typed. Without this script the
 * same forms work with Tab and Enter.
 */
document.querySelector("[autofocus]")?.focus(); // at once: a key pressed meanwhile would be lost

const QUIET_MS = 180;
const line = document.getElementById("line");
const understood = document.getElementById("understood");

/* A key that is shown does what its button does, unless somebody types into a field. */

const SWITCH = "desk-single-keys";
const keys = document.getElementById("keys");
const toggle = keys.querySelector("button");
let singleKeys = localStorage.getItem(SWITCH) !== "off";

function showKeys() {
  toggle.setAttribute("aria-pressed", String(singleKeys));
  document.body.classList.toggle("no-single-keys", !singleKeys);
}

keys.hidden = false;
document.body.classList.add("with-keys");
toggle.addEventListener("click", () => {
  singleKeys = !singleKeys;
  localStorage.setItem(SWITCH, singleKeys ? "on" : "off");
  showKeys();
});
showKeys();

const typing = (element) => element.matches?.("input, select, textarea");

function actOf(key) {
  return [...document.querySelectorAll("[data-key]")]
    .find((each) => each.dataset.key.split(" ").includes(key));
}

let sent = false;
let looking = null;

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.defaultPrevented) return;
  const inField = typing(event.target);
  if (event.key === "Escape" && inField) {
    event.target.blur();
    event.preventDefault();
    return;
  }
  if (event.key === "Enter" && event.target.closest?.(".desk-contact input")) {
    // A name is typed before a ride is chosen, and must not choose one.
    document.getElementById("offers").focus();
    event.preventDefault();
    return;
  }
  const single = event.key.length === 1;
  if (single && (inField || !singleKeys)) return;
  const act = actOf(single ? event.key.toLowerCase() : event.key);
  if (!act) return;
  event.preventDefault();
  act.click();
});

/* Whoever presses Enter twice asks or books once; a line waits until it is known who calls. */
document.addEventListener("submit", (event) => {
  if (event.target.target === "_blank" || event.defaultPrevented) return;
  if (sent) return event.preventDefault();
  sent = true;
  if (!looking) return;
  event.preventDefault();
  looking.finally(() => event.target.submit());
});
window.addEventListener("pageshow", () => { sent = false; });

/* Favourites go into the line without asking the server. */
function put(text) {
  line.value = text;
  line.focus();
  line.setSelectionRange(text.length, text.length);
  soon();
}

document.addEventListener("click", (event) => {
  const favourite = event.target.closest("[data-line], [data-add]");
  if (!favourite) return;
  event.preventDefault();
  if (favourite.dataset.line) return put(`${favourite.dataset.line} `);
  const before = line.value.trim();
  const arrow = before && !before.includes("->") ? " -> " : " ";
  put(`${before}${arrow}${favourite.dataset.add} `.trimStart());
});

/* Who calls is looked up while the ride is typed already: no key is lost to a page that loads. */
async function lookUp(form) {
  const answer = await fetch(form.action, {
    method: "POST", body: new URLSearchParams(new FormData(form)), headers: { Accept: "text/html" },
  }).catch(() => null);
  if (!answer || answer.redirected) return form.submit();
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const caller = page.querySelector(".desk-caller");
  if (!caller) return form.submit();
  document.querySelector(".desk-caller").replaceWith(caller);
  const phone = caller.querySelector("#phone");
  for (const each of document.querySelectorAll("input[type=hidden][name=phone]")) {
    each.value = phone.value;
  }
  if (phone.getAttribute("aria-invalid")) phone.focus();
  looking = null;
}

document.addEventListener("submit", (event) => {
  const form = event.target.closest(".desk-number");
  const busy = document.querySelector(".desk-offers, .desk-done, [name=changing]");
  if (!form || busy) return;
  event.preventDefault();
  line.focus();
  looking = lookUp(form);
}, true);

/* How a line is understood, while it is typed. */
let timer = 0;
let asked = 0;

function soon() {
  clearTimeout(timer);
  timer = setTimeout(read, QUIET_MS);
}

async function read() {
  const number = ++asked;
  const form = new FormData(document.getElementById("line-form"));
  const answer = await fetch("/desk/read", {
    method: "POST", body: new URLSearchParams(form), headers: { Accept: "text/html" },
  }).catch(() => null);
  if (number !== asked || !answer?.ok || answer.redirected) return;
  understood.innerHTML = await answer.text();
}

line.addEventListener("input", soon);
if (document.activeElement === line) line.setSelectionRange(line.value.length, line.value.length);

/* Whoever writes a time does not mean at once. */
const when = document.getElementById("when");
for (const name of ["day", "time"]) {
  document.getElementById(name).addEventListener("input", () => {
    if (when.value === "now") when.value = "depart";
  });
}
