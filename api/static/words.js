/** Words and times as the page's reader writes them. */
export const words = JSON.parse(document.getElementById("words").textContent);

const LOCALES = { de: "de-DE", en: "en-GB", da: "da-DK" };

const language = document.documentElement.lang;

export class Times {
  constructor(timeZone) {
    this.hours = new Intl.DateTimeFormat(LOCALES[language], {
      hour: "2-digit", minute: "2-digit", hourCycle: "h23", timeZone,
    });
    this.days = new Intl.DateTimeFormat(LOCALES[language], {
      weekday: "long", day: "numeric", month: "long", timeZone,
    });
  }

  clock(ms) {
    return this.hours.format(ms);
  }

  day(ms) {
    return this.days.format(ms);
  }
}

const numbers = new Intl.NumberFormat(LOCALES[language], { maximumFractionDigits: 0 });

export const number = (value) => numbers.format(value);

const tenths = new Intl.NumberFormat(LOCALES[language], { minimumFractionDigits: 1, maximumFractionDigits: 1 });

/** Kilometres from metres, with a minus that is as wide as a plus. */
export const kilometres = (metres) => tenths.format(metres / 1000).replace("-", "−");

const money = new Intl.NumberFormat(LOCALES[language], { style: "currency", currency: "EUR" });

export const euros = (cents) => money.format(cents / 100);

/** How many colours the style sheet knows; further vehicles begin again. */
const COLOURS = 8;

export const colourClass = (vehicle) => `vehicle-${((vehicle - 1) % COLOURS) + 1}`;

/** Text as an element, for whoever would take a string for HTML, as Leaflet does. */
export function asText(text) {
  const element = document.createElement("span");
  element.textContent = text;
  return element;
}
