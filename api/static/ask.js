/**
 * The booking form with a script: suggestions while typing, and the device's position on request.
 * Without it the form works as well; the server then asks which place was meant.
 *
 * A combobox with a list of suggestions, as the ARIA Authoring Practices describe it.
 */
const words = JSON.parse(document.getElementById("words").textContent);

const QUIET_MS = 120;
const SHORTEST = 2;

/** What is said to people who do not see the page change. */
const voice = document.createElement("p");
voice.className = "unseen";
voice.setAttribute("role", "status");
document.body.append(voice);

class PlaceField {
  #input;
  #point;
  #list;
  #shown = -1;
  #timer = 0;
  #asked = 0;

  constructor(field) {
    this.#input = field.querySelector('input[type="text"]');
    this.#point = field.querySelector('input[type="hidden"]');
    this.#list = document.createElement("ul");
    this.#list.id = `${this.#input.id}-list`;
    this.#list.className = "suggestions";
    this.#list.setAttribute("role", "listbox");
    this.#list.setAttribute("aria-label", field.querySelector("label").textContent);
    this.#list.hidden = true;
    field.querySelector(".place-line").append(this.#list);
    for (const [name, value] of [
      ["role", "combobox"], ["aria-autocomplete", "list"],
      ["aria-expanded", "false"], ["aria-controls", this.#list.id],
    ]) this.#input.setAttribute(name, value);
    this.#input.addEventListener("input", () => this.#typed());
    this.#input.addEventListener("keydown", (event) => this.#pressed(event));
    this.#input.addEventListener("blur", () => this.#close());
    this.#list.addEventListener("pointerdown", (event) => event.preventDefault());
    this.#list.addEventListener("click", (event) => this.#take(event.target.closest("li")));
  }

  /** Fill in a position on the map. */
  put(label, lat, lon) {
    this.#input.value = label;
    this.#point.value = `${lat.toFixed(5)} ${lon.toFixed(5)}`;
    this.#close();
  }

  #typed() {
    this.#point.value = "";
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#ask(), QUIET_MS);
  }

  async #ask() {
    const text = this.#input.value.trim();
    if (text.length < SHORTEST) return this.#close();
    const number = ++this.#asked;
    const answer = await fetch(`/api/v1/places?q=${encodeURIComponent(text)}`).catch(() => null);
    if (number !== this.#asked || !answer?.ok || document.activeElement !== this.#input) return;
    this.#show((await answer.json()).places);
  }

  #show(places) {
    this.#list.replaceChildren(...places.map((place, number) => {
      const line = document.createElement("li");
      line.id = `${this.#list.id}-${number}`;
      line.setAttribute("role", "option");
      line.setAttribute("aria-selected", "false");
      line.textContent = place.label;
      return line;
    }));
    this.#mark(-1);
    this.#list.hidden = places.length === 0;
    this.#input.setAttribute("aria-expanded", String(places.length > 0));
    voice.textContent = places.length
      ? words.found.replace("{number}", places.length) : words.nothing;
  }

  #mark(number) {
    this.#shown = number;
    for (const [each, line] of [...this.#list.children].entries()) {
      line.setAttribute("aria-selected", String(each === number));
    }
    if (number < 0) this.#input.removeAttribute("aria-activedescendant");
    else this.#input.setAttribute("aria-activedescendant", this.#list.children[number].id);
  }

  #pressed(event) {
    const count = this.#list.hidden ? 0 : this.#list.children.length;
    if (event.key === "Escape" && count) this.#close();
    else if (event.key === "ArrowDown" && count) this.#mark((this.#shown + 1) % count);
    else if (event.key === "ArrowUp" && count) this.#mark((this.#shown + count) % (count + 1) - (this.#shown <= 0 ? 1 : 0));
    else if (event.key === "Enter" && count && this.#shown >= 0) this.#take(this.#list.children[this.#shown]);
    else return;
    event.preventDefault();
  }

  #take(line) {
    if (!line) return;
    this.#input.value = line.textContent;
    this.#close();
  }

  #close() {
    clearTimeout(this.#timer);
    this.#asked += 1;
    this.#list.hidden = true;
    this.#input.setAttribute("aria-expanded", "false");
    this.#mark(-1);
  }
}

const fields = [...document.querySelectorAll("[data-place]")].map((each) => new PlaceField(each));

const here = document.querySelector(".here");
if (here && navigator.geolocation) {
  here.hidden = false;
  here.addEventListener("click", () => {
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => {
        fields[0].put(words.here, coords.latitude, coords.longitude);
        voice.textContent = words.here;
        document.getElementById("to").focus();
      },
      () => {
        voice.className = "said";
        voice.textContent = words.no_position;
        here.closest(".field").append(voice);
      },
      { enableHighAccuracy: true, timeout: 10_000, maximumAge: 60_000 },
    );
  });
}

document.getElementById("errors")?.focus();
