/**
 * The service's clock as it runs between two answers of the server.
 *
 * In a demonstration it runs many times faster than the sun. How fast, and what it shows now, is
 * estimated from the last answers: the server says whole seconds, and answers take their time.
 */
const REMEMBERED = 8;

export class ServiceClock {
  #samples = [];
  #offset = 0;
  pace = 1;

  /** Take in that the server's clock showed `shown` (ms) when this machine's showed `at` (ms). */
  observe(shown, at = performance.now()) {
    if (this.#samples.at(-1)?.shown > shown) this.#samples = [];
    this.#samples = [...this.#samples, { shown, at }].slice(-REMEMBERED);
    const [first] = this.#samples;
    if (at - first.at > 1500) {
      const pace = (shown - first.shown) / (at - first.at);
      this.pace = Math.abs(pace - 1) < 0.5 ? 1 : Math.max(pace, 0);
    }
    const offsets = this.#samples.map((each) => each.shown - this.pace * each.at);
    this.#offset =
      this.pace === 1 ? Math.max(...offsets) : offsets.reduce((a, b) => a + b, 0) / offsets.length;
  }

  /** What the service's clock shows, in ms since the epoch. */
  now(at = performance.now()) {
    return this.#offset + this.pace * at;
  }
}
