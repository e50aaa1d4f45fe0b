// What happened: ejections, readmissions, lost connections, errors.

import { bodyOf, byId, h, part, say, setAttribute } from "./dom.js";
import { Table, column } from "./tables.js";
import { clock } from "./units.js";

const KEPT = 300;
const SIGNS = { ejected: "▲ ejected", readmitted: "● readmitted", lost: "✕ lost", reloaded: "↻ reloaded" };
const LEVELS = { info: "info", warn: "! warning", error: "✕ error", critical: "✕ critical" };
const ALOUD = ["ejected", "readmitted", "reloaded"];

export class EventsView {
  #events = [];
  #next = 0;
  #first = true;

  constructor() {
    this.all = h("input", { type: "checkbox", id: "events-all", change: () => this.#draw() });
    const columns = [
      column("Time", (each) => clock(each.time), "time"),
      { title: "Kind", as: "kind", write: kind },
      column("Event", (each) => each.text, "wide"),
    ];
    this.table = new Table("Events, newest first", columns, (each) => each.id, "", true);
    bodyOf("events").append(h("label", { class: "choice" }, this.all, " with information"), this.table.element);
  }

  query() {
    return `events?after=${this.#next}&limit=${KEPT}`;
  }

  /** The proxy was started anew, and counts its events from 1. */
  forget() {
    this.#events = [];
    this.#next = 0;
    this.#first = true;
  }

  add({ next, events }) {
    if (!this.#first) this.#announce(events);
    this.#first = false;
    this.#next = next;
    this.#events = [...events, ...this.#events].slice(0, KEPT);
    this.#draw();
  }

  #announce(events) {
    const texts = events.filter((each) => ALOUD.includes(each.kind)).map((each) => each.text);
    if (texts.length) say(byId("announced"), texts.reverse().join(". "));
  }

  #draw() {
    const shown = this.#events.filter((each) => this.all.checked || each.kind !== "log" || each.level !== "info");
    this.table.show(shown, this.#events.length ? "Nothing but information so far." : "Nothing has happened so far.");
  }
}

function kind(cell, each) {
  const sign = SIGNS[each.kind] ?? LEVELS[each.level] ?? each.level;
  const shown = part(cell, "standing");
  setAttribute(shown, "class", `standing ${each.kind === "log" ? each.level : each.kind}`);
  say(shown, sign);
}
