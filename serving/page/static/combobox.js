// A combobox with suggestions from the server (WAI-ARIA: editable, list autocomplete).

import { element } from "/static/dom.js";
import { say, sayCount } from "/static/words.js";

const WAIT = 150;

export class Combobox {
  // search(text, signal) → { options: [{ id, name, note }], hasMore }; choose(option or null).
  constructor(field, search, choose) {
    this.input = field.querySelector("input");
    this.search = search;
    this.choose = choose;
    this.options = [];
    this.active = -1;
    this.chosen = "";
    const name = this.input.id;
    this.list = element("ul", { id: `${name}-list`, role: "listbox", hidden: true,
      "aria-label": field.querySelector("label").textContent });
    this.count = element("span", { class: "hidden", role: "status", "aria-live": "polite" });
    this.clear = element("button", { type: "button", class: "clear", hidden: true,
      "aria-label": `${say("search.clear")}: ${field.querySelector("label").textContent}`,
      onclick: () => this.pick(null) }, "×");
    field.append(this.clear, this.list, this.count);
    for (const [attribute, value] of Object.entries({ role: "combobox", "aria-expanded": "false",
      "aria-controls": this.list.id, "aria-autocomplete": "list", autocomplete: "off", spellcheck: "false" })) {
      this.input.setAttribute(attribute, value);
    }
    this.input.addEventListener("input", () => this.schedule());
    this.input.addEventListener("keydown", (event) => this.onKey(event));
    this.input.addEventListener("click", () => this.isOpen || this.load());
    this.input.addEventListener("blur", () => this.leave());
    // The list must not take the focus from the field before the click arrives.
    this.list.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => {
      const option = event.target.closest("[role=option]");
      if (option) this.pick(this.options[Number(option.dataset.place)]);
    });
  }

  get isOpen() {
    return !this.list.hidden;
  }

  show(text) {
    this.chosen = text;
    this.input.value = text;
    this.clear.hidden = !text;
  }

  pick(option) {
    clearTimeout(this.timer);
    this.close();
    this.show(option ? option.name ?? option.id : "");
    this.choose(option);
  }

  schedule() {
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.load(), WAIT);
  }

  async load() {
    this.request?.abort();
    this.request = new AbortController();
    const typed = this.input.value === this.chosen ? "" : this.input.value;
    try {
      const { options, hasMore } = await this.search(typed, this.request.signal);
      this.open(options, hasMore);
    } catch (error) {
      if (error.name !== "AbortError") this.close();
    }
  }

  open(options, hasMore) {
    this.options = options;
    this.active = -1;
    this.input.removeAttribute("aria-activedescendant");
    this.list.replaceChildren(...options.map((option, place) =>
      element("li", { id: `${this.list.id}-${place}`, role: "option", "data-place": place, "aria-selected": "false" },
        element("span", {}, option.name ?? option.id), element("small", {}, option.note))));
    if (!options.length) this.list.append(element("li", { role: "option", "aria-disabled": "true", class: "note" }, say("search.none")));
    if (hasMore) this.list.append(element("li", { role: "option", "aria-disabled": "true", class: "note" }, say("search.more")));
    for (const note of this.list.querySelectorAll(".note")) note.removeAttribute("data-place");
    this.count.textContent = sayCount("search.count", options.length);
    this.list.hidden = document.activeElement !== this.input;
    this.input.setAttribute("aria-expanded", String(this.isOpen));
  }

  close() {
    this.request?.abort();
    this.list.hidden = true;
    this.list.replaceChildren();
    this.active = -1;
    this.input.setAttribute("aria-expanded", "false");
    this.input.removeAttribute("aria-activedescendant");
  }

  leave() {
    clearTimeout(this.timer);
    this.close();
    this.input.value = this.chosen;
  }

  move(step) {
    if (!this.isOpen) return this.load();
    const count = this.options.length;
    if (!count) return undefined;
    const next = this.active < 0 && step < 0 ? count - 1 : (this.active + step + count) % count;
    this.list.children[this.active]?.setAttribute("aria-selected", "false");
    this.active = next;
    const option = this.list.children[next];
    option.setAttribute("aria-selected", "true");
    option.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-activedescendant", option.id);
    return undefined;
  }

  // Takes the option that is marked, or the first; what was typed quickly is searched before.
  async accept() {
    if (this.active < 0 && this.input.value !== this.chosen) {
      clearTimeout(this.timer);
      await this.load();
    }
    if (this.isOpen && this.options.length) this.pick(this.options[Math.max(this.active, 0)]);
  }

  onKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      event.preventDefault();
      this.move(event.key === "ArrowDown" ? 1 : -1);
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.accept();
    } else if (event.key === "Escape") {
      if (this.isOpen) this.close();
      else if (this.chosen) this.pick(null);
    }
  }
}
