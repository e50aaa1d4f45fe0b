// The top keys, in tabs by what they are top of.

import { bodyOf, h, part, say, setAttribute } from "./dom.js";
import { Table, column } from "./tables.js";
import { bytes, count, exact, percent } from "./units.js";

const RANKINGS = { requests: "Requests", bytes: "Bytes", misses: "Misses" };

export class KeysView {
  by = "requests";

  /** `chosen` is called when another tab is. */
  constructor(chosen) {
    this.chosen = chosen;
    this.tabs = Object.entries(RANKINGS).map(([by, word]) =>
      h("button", { role: "tab", id: `tab-${by}`, "aria-controls": "keys-panel", click: () => this.#choose(by) }, word),
    );
    const list = h("div", { role: "tablist", "aria-label": "Top keys by", keydown: (event) => this.#key(event) }, ...this.tabs);
    this.note = h("p", { class: "note" });
    this.table = new Table("Top keys", this.#columns(), (each) => each.key, "", true);
    this.panel = h("div", { role: "tabpanel", id: "keys-panel" }, this.table.element, this.note);
    bodyOf("keys").append(list, this.panel);
    this.#mark();
  }

  #columns() {
    return [
      { title: "Key", head: true, as: "subject key", write: (cell, each) => say(cell, each.key) },
      column("Estimate", (each) => this.#size(each.estimate), "number"),
      column("Too high by", (each) => (each.error ? `≤ ${this.#size(each.error)}` : ""), "number", "at most"),
      { title: "Share", as: "number share", write: shared },
    ];
  }

  #size(value) {
    return this.by === "bytes" ? bytes(value) : count(value);
  }

  #choose(by) {
    this.by = by;
    this.#mark();
    this.chosen();
  }

  #mark() {
    this.tabs.forEach((tab) => {
      const mine = tab.id === `tab-${this.by}`;
      setAttribute(tab, "aria-selected", String(mine));
      setAttribute(tab, "tabindex", mine ? 0 : -1);
      if (mine) this.panel.setAttribute("aria-labelledby", tab.id);
    });
  }

  #key(event) {
    const names = Object.keys(RANKINGS);
    const at = names.indexOf(this.by);
    const to = { ArrowLeft: at - 1, ArrowRight: at + 1, Home: 0, End: names.length - 1 }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    const next = (to + names.length) % names.length;
    this.#choose(names[next]);
    this.tabs[next].focus();
  }

  show(told) {
    if (told.by !== this.by) return;
    const none = { requests: "No request with a key was seen yet.", bytes: "No request with a key was seen yet.", misses: "No miss was seen yet." };
    this.table.show(told.keys, none[told.by]);
    const samples = `Estimated from ${exact(told.samples)} samples.`;
    say(this.note, told.hidden ? `${samples} The pool hides its keys (hide_keys): these are hashes.` : samples);
  }
}

function shared(cell, { share }) {
  say(part(cell, "value"), percent(share));
  part(part(cell, "bar"), "filled").style.width = `${Math.min(1, share) * 100}%`;
}
