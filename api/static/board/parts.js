/** Small parts of the page, and the way to the server. */
import { words } from "../words.js";

const board = document.getElementById("board");

/** What the page itself says: the day, today, the session's token, the zone of the clocks. */
export const { day, today, csrf, timezone } = board.dataset;

export const byId = (id) => document.getElementById(id);

/** Return an element with properties and children; `class` and `data` are those. */
export function part(tag, { class: className, data, ...properties } = {}, ...children) {
  const element = document.createElement(tag);
  if (className) element.className = className;
  Object.assign(element.dataset, data);
  for (const [name, value] of Object.entries(properties)) {
    if (name in element) element[name] = value;
    else element.setAttribute(name, value);
  }
  element.append(...children.filter((each) => each !== null && each !== undefined && each !== false));
  return element;
}

export function table(caption, heads, rows) {
  return part("table", {}, part("caption", {}, caption),
    part("thead", {}, part("tr", {}, ...heads.map((each) => part("th", { scope: "col" }, each)))),
    part("tbody", {}, ...rows));
}

export function write(element, text) {
  if (element.textContent !== String(text)) element.textContent = text;
}

/** A message with its braces filled. */
export const say = (key, facts = {}) => words[key].replace(/\{(\w+)\}/g, (_, name) => facts[name] ?? "");

/** Minutes of driving with their sign. */
export const signed = (seconds) => say("minutes_more", { minutes: `${seconds < 0 ? "−" : "+"}${Math.round(Math.abs(seconds) / 60)}` });

/** What the server refuses; `problem` is its answer. */
export class Refused extends Error {
  constructor(problem) {
    super(problem.message ?? problem.title ?? words.no_connection);
    this.problem = problem;
  }
}

/** Ask the server; what changes something carries the session's token. */
export async function ask(method, address, body, more = {}) {
  const headers = { Accept: "application/json", "Accept-Language": document.documentElement.lang, ...more };
  if (method !== "GET") headers["X-CSRF-Token"] = csrf;
  if (body !== undefined) headers["Content-Type"] = "application/json";
  const answer = await fetch(address, {
    method, headers, cache: "no-cache", body: body === undefined ? undefined : JSON.stringify(body),
  });
  if (answer.status === 401) location.assign("/login");
  const told = answer.status === 204 ? null : await answer.json().catch(() => ({}));
  if (!answer.ok) throw new Refused(told);
  return told;
}

let hiding = 0;

/** Say something in passing, above everything else. */
export function notify(text) {
  const notice = byId("notice");
  notice.textContent = text;
  notice.hidden = false;
  clearTimeout(hiding);
  hiding = setTimeout(() => { notice.hidden = true; }, 8000);
}
