/**
 * What the phone keeps and sends: taps in order with their time, and positions.
 *
 * Everything is kept on the phone until the server has answered it; ids make repeating harmless.
 */
const MOST_AT_ONCE = 100;

/** An hour of positions; older ones tell nobody anything. */
const MOST_POSITIONS = 360;

const CAN_BE_TAKEN_BACK = new Set(["arrived", "picked_up", "no_show", "dropped_off"]);

const MOST_TAPS = 10;

const PREFIX = "drive:";

/** What another shift left behind on this phone is deleted after a day. */
const KEPT_MS = 24 * 3600 * 1000;

/**
 * Take over a shift: one page alone keeps its taps, since two would write over each other's.
 *
 * It is the page that was opened last. `lost` is called when another takes over from this one,
 * which then takes no taps, and is loaded anew as soon as somebody looks at it.
 */
export function takenOver({ day, shift }, lost) {
  if (!navigator.locks) return null;
  return new Promise((taken) => {
    const hold = () => {
      taken();
      return new Promise(() => {});
    };
    navigator.locks.request(`${PREFIX}${day} ${shift}`, { steal: true }, hold).catch(() => {
      lost();
      document.body.inert = true;
      const again = () => { if (!document.hidden) location.reload(); };
      addEventListener("focus", again);
      document.addEventListener("visibilitychange", again);
    });
  });
}

export class Memory {
  #key;
  #own = true;

  constructor(day, shift) {
    this.#key = `${PREFIX}${day} ${shift}`;
    const stored = JSON.parse(localStorage.getItem(this.#key) ?? "{}");
    /**
     * `sent` was taken in, but the tour that says so has not come yet; what was `tried` may have
     * reached the server; the last `taps` can be taken back, and whose
     * was is no new ride for waiting again (`back`).
     */
    Object.assign(this, {
      tour: null, etag: "", queue: [], sent: [], positions: [], refused: [], known: null, fresh: [], gone: [],
      shown: 0, at: 0, tried: [], taps: [], back: [], ...stored,
    });
    this.#tidy();
  }

  /** Another page keeps the shift by now. */
  letGo() {
    this.#own = false;
  }

  save() {
    if (this.#own) localStorage.setItem(this.#key, JSON.stringify(this));
  }

  /** Forget everybody's names when the shift is over. */
  forget() {
    Object.assign(this, { tour: null, etag: "", sent: [], positions: [], refused: [], known: null, fresh: [], gone: [], tried: [], taps: [], back: [] });
    if (this.#own) localStorage.removeItem(this.#key);
  }

  #tidy() {
    for (const key of Object.keys(localStorage)) {
      if (!key.startsWith(PREFIX) || key === this.#key) continue;
      const { queue = [], at = 0 } = JSON.parse(localStorage.getItem(key));
      if (queue.length === 0 || Date.now() - at > KEPT_MS) localStorage.removeItem(key);
    }
  }
}

export class Post {
  #memory;
  #facts;
  #busy = false;
  #most = MOST_AT_ONCE;
  online = true;
  signedOut = false;

  constructor(memory, facts) {
    this.#memory = memory;
    this.#facts = facts;
  }

  /** Keep a tap; `status` is how the party stood before it, which only the phone wants to know. */
  tap(kind, ms, more = {}, status = null) {
    const made = report(kind, ms, { ...more, status });
    this.#memory.queue.push(made);
    if (CAN_BE_TAKEN_BACK.has(kind)) this.#memory.taps = [...this.#memory.taps, made].slice(-MOST_TAPS);
    this.#memory.save();
  }

  /** Take back a tap: what never left the phone is forgotten, of all else the server is told. */
  takeBack(tap, ms) {
    const memory = this.#memory;
    const kept = memory.queue.some((each) => each.id === tap.id) && !memory.tried.includes(tap.id);
    if (kept) memory.queue = memory.queue.filter((each) => each.id !== tap.id);
    else memory.queue.push(report("taken_back", ms, { booking: tap.booking, takes_back: tap.id, was: tap.kind, status: tap.status }));
    memory.taps = memory.taps.filter((each) => each.id !== tap.id);
    memory.save();
  }

  see(ms, lat, lon) {
    const seen = report("position", ms, { lat: Number(lat.toFixed(6)), lon: Number(lon.toFixed(6)) });
    this.#memory.positions = [...this.#memory.positions, seen].slice(-MOST_POSITIONS);
    this.#memory.save();
  }

  /** Send what there is, in order. */
  async send() {
    if (this.#busy) return;
    this.#busy = true;
    try {
      while (this.#memory.queue.length + this.#memory.positions.length > 0) {
        if (!(await this.#sendSome())) break;
      }
    } finally {
      this.#busy = false;
    }
  }

  async #sendSome() {
    const batch = [...this.#memory.queue, ...this.#memory.positions].slice(0, this.#most);
    this.#memory.tried = [...new Set([...this.#memory.tried, ...this.#memory.queue.slice(0, this.#most).map((each) => each.id)])];
    this.#memory.save();
    const answer = await this.#ask("/reports", {
      method: "POST",
      headers: { "Content-Type": "application/json", "X-CSRF-Token": this.#facts.csrf },
      body: JSON.stringify({ reports: batch.map(({ was: _, status: __, ...each }) => each) }),
    });
    if (answer?.ok) {
      this.#settle((await answer.json()).reports);
      this.#most = MOST_AT_ONCE;
      return true;
    }
    if (answer && [400, 413, 422].includes(answer.status)) return this.#unreadable(batch);
    return false;
  }

  /** One report that the server cannot read must not hold up the others. */
  #unreadable(batch) {
    if (batch.length > 1) this.#most = Math.ceil(batch.length / 2);
    else this.#settle([{ id: batch[0].id, taken: "rejected", message: "" }]);
    return true;
  }

  #settle(answers) {
    const taken = new Map(answers.map((each) => [each.id, each]));
    for (const tap of this.#memory.queue) {
      const answer = taken.get(tap.id);
      if (answer?.taken === "rejected") {
        this.#memory.refused.push({ ...tap, message: answer.message });
        this.#memory.taps = this.#memory.taps.filter((each) => each.id !== tap.id);
        if (tap.takes_back) this.#memory.back = this.#memory.back.filter((each) => each !== tap.booking);
      } else if (answer) this.#memory.sent.push(tap);
    }
    this.#memory.tried = this.#memory.tried.filter((each) => !taken.has(each));
    this.#memory.queue = this.#memory.queue.filter((each) => !taken.has(each.id));
    this.#memory.positions = this.#memory.positions.filter((each) => !taken.has(each.id));
    this.#memory.save();
  }

  /** Fetch the tour as it is now; return whether it is another than before. `heard` gets the time. */
  async fetch(heard) {
    const { etag, sent } = this.#memory;
    const answer = await this.#ask("/tour", { cache: "no-store", headers: etag ? { "If-None-Match": etag } : {} });
    if (!answer || (!answer.ok && answer.status !== 304)) return false;
    heard(Date.parse(answer.headers.get("Service-Time")));
    const before = this.#memory.tour;
    if (answer.ok) {
      this.#memory.tour = await answer.json();
      this.#memory.etag = answer.headers.get("ETag");
    }
    this.#memory.sent = this.#memory.sent.filter((each) => !sent.includes(each));
    this.#memory.save();
    return this.#memory.tour !== before;
  }

  /** Ask the server; undefined if it cannot be reached. */
  async #ask(path, options) {
    let answer = await ask(this.#facts.api + path, options);
    if (answer?.status === 403 && options.method === "POST" && (await this.#newToken())) {
      const headers = { ...options.headers, "X-CSRF-Token": this.#facts.csrf };
      answer = await ask(this.#facts.api + path, { ...options, headers });
    }
    this.online = answer !== undefined && answer.status < 500;
    if (answer) this.signedOut = answer.status === 401 || answer.status === 403;
    return answer;
  }

  /** A page that was kept may be older than the session: learn what the session wants to hear. */
  async #newToken() {
    const answer = await ask("/api/v1/session", {});
    if (!answer?.ok) return false;
    const { csrf_token: token } = await answer.json();
    const other = token !== this.#facts.csrf;
    this.#facts.csrf = token;
    return other;
  }
}

function ask(address, options) {
  return fetch(address, { ...options, signal: AbortSignal.timeout(15_000) }).catch(() => undefined);
}

function report(kind, ms, more) {
  const id = Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0"));
  return { id: id.join(""), kind, happened_at: new Date(ms).toISOString(), ...more };
}
